import { createServer, type Server } from "node:http";

/** Holds a port of the link for a service that this version has not, and says so in answer to everything. */
export function createHeldPort(service: string): Server {
  const body = `${JSON.stringify({
    error: `${service} is not available`,
    code: "NotAvailable",
    because: `this version of the sidecars has no ${service}`,
    whatToDo: "Do without it; the port is held so that nothing else can take it.",
  })}\n`;
  const server = createServer((_request, response) => {
    response.writeHead(501, { "content-type": "application/json", connection: "close" }).end(body);
  });
  server.maxConnections = 32;
  return server;
}
