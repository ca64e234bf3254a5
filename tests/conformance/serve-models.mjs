// Serves vendors' published models (OpenAPI or Swagger, JSON or YAML) with Prism, all on one port:
//   node serve-models.mjs --specs DIR --models a/b.json,c/d.yaml [--prefix /v1.0] [--answers examples|generated] [--port 0]
// Prism ignores the base path of a model's server, so a copy with the prefix in every template is served; calls
// then look as they do in production: /api.xro/2.0/Invoices. Requests are judged by the model. Answers are the
// model's own examples, or generated from its schemas where it has none; to judge them too would take a second each.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createLogger } from "@stoplight/prism-core";
import prismHttp from "@stoplight/prism-http";
import prismServer from "@stoplight/prism-http-server";
import { announce, endWithParent, fail } from "./lifetime.mjs";
import { options } from "./options.mjs";

endWithParent();
const given = options({ specs: undefined, models: undefined, prefix: "", answers: "examples", port: "0" });
const operations = [];
for (const model of given.models.split(",")) {
  operations.push(...(await load(join(given.specs, model), given.prefix)));
}
const server = prismServer.createServer(operations, {
  cors: false,
  components: { logger: createLogger("PRISM", { level: "fatal" }) },
  config: {
    isProxy: false,
    validateRequest: true,
    validateResponse: false,
    checkSecurity: true,
    errors: false,
    mock: { dynamic: given.answers === "generated", ignoreExamples: false },
  },
});
const address = await server.listen(Number(given.port), "127.0.0.1");
announce(new URL(address).port);

async function load(path, prefix) {
  if (prefix === "") return prismHttp.getHttpOperationsFromSpec(path);
  const text = readFileSync(path, "utf8");
  const model = path.endsWith(".json") ? prefixedJson(text, prefix) : prefixedYaml(text, prefix);
  const folder = mkdtempSync(join(tmpdir(), "sentia-model-"));
  try {
    const copy = join(folder, basename(path));
    writeFileSync(copy, model);
    return await prismHttp.getHttpOperationsFromSpec(copy);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function prefixedJson(text, prefix) {
  const model = JSON.parse(text);
  const paths = Object.entries(model.paths ?? {});
  if (paths.length === 0) fail("the model has no paths");
  model.paths = Object.fromEntries(paths.map(([path, item]) => [prefix + path, item]));
  return JSON.stringify(model);
}

// As text: a parse would need another library, and the templates stand in lines of their own.
function prefixedYaml(text, prefix) {
  const lines = text.split("\n");
  const start = lines.indexOf("paths:");
  const end = lines.findIndex((line, at) => at > start && /^\w/.test(line));
  let templates = 0;
  for (let at = start; at < end; at += 1) {
    lines[at] = lines[at].replace(/^ {2}(["']?)\//, (_, quote) => {
      templates += 1;
      return `  ${quote}${prefix}/`;
    });
  }
  if (start < 0 || templates === 0) fail("the model has no paths");
  return lines.join("\n");
}
