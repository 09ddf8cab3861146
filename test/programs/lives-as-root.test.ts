/** Guests started by root, of which some become somebody else before or after they bind. */
import { declareLives } from "./lives.js";

const isRoot = process.getuid?.() === 0;

declareLives({ called: "started by root", isRoot: true, lacks: isRoot ? [] : ["root"] });
