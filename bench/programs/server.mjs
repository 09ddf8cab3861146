// The smallest web server that Node can be: `server.mjs <port>`, or `server.mjs fd <descriptor>`.
import { createServer } from "node:http";

const [way, descriptor] = process.argv.slice(2);
const server = createServer((_request, response) => response.end("hello\n"));
if (way === "fd") server.listen({ fd: Number(descriptor) });
else server.listen(Number(way), "0.0.0.0");
