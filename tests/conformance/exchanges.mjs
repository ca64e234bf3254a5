// An HTTP server that keeps what it was asked and answered:
//   GET /-/exchanges   the exchanges since it was asked last: [{request, operation, faults, strayed, status, answer}]
// `faults` are what the judge has against the request, `strayed` what it has against the answer.
import { createServer } from "node:http";

// `answer(request, note)` answers `{method, url, headers, bytes}` with `{status, headers, body}`; `note(request)` opens
// an exchange, to be filled in.
export function recording(answer) {
  const exchanges = [];
  const note = (request) => {
    const exchange = { request, operation: null, faults: [], strayed: [], status: 0, answer: "" };
    exchanges.push(exchange);
    return exchange;
  };
  return createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    const asked = { method: method.toLowerCase(), url, headers, bytes: Buffer.concat(chunks) };
    const outcome =
      url === "/-/exchanges"
        ? { status: 200, body: JSON.stringify(exchanges.splice(0)) }
        : await answer(asked, note).catch((error) => ({ status: 500, body: String(error?.stack ?? error) }));
    response.writeHead(outcome.status, { "content-type": "application/json", ...outcome.headers });
    response.end(outcome.body);
  });
}

// The body of a request as a model sees it.
export function parsed({ headers, bytes }) {
  if (bytes.length === 0) return null;
  const text = bytes.toString("utf8");
  return (headers["content-type"] ?? "").includes("json") ? JSON.parse(text) : text;
}

// The pairs of a query, each name once.
export function pairs(searchParams) {
  const names = [...new Set(searchParams.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const values = searchParams.getAll(name);
      return [name, values.length === 1 ? values[0] : values];
    }),
  );
}
