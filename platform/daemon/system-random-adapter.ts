import { nanoid } from "nanoid";
import type { Random } from "../ports/random.js";

export const systemRandom: Random = {
  id: () => nanoid(),
  uniform: () => Math.random(),
};
