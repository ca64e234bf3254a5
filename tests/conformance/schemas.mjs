// What a model says of answers, by its own schemas.
import ajvLibrary from "ajv";
import addFormats from "ajv-formats";

const judges = new WeakMap();
const compiled = new WeakMap();

// The faults of `body` as the answer `status` to `operation`.
export function schemaFaults(operation, status, body) {
  const pointer = schemaPointer(operation, String(status));
  if (pointer === undefined) return [`the model has no answer ${status}`];
  if (pointer === null) return body === undefined ? [] : ["the model has no body for this answer"];
  const validate = validator(operation, pointer);
  if (validate(body)) return [];
  return validate.errors.map(({ instancePath, message }) => `${instancePath.split("/").slice(1).join(".")}: ${message}`);
}

// Where the schema of an answer stands in the model: null where the answer has no body, undefined where it has no place.
function schemaPointer({ method, path, model, narrowed = "" }, status) {
  const { responses } = model.paths[path][method];
  const code = [status, `${status[0]}XX`, "default"].find((code) => responses[code]);
  if (code === undefined) return undefined;
  const at = `#/paths/${escaped(path)}/${method}/responses/${code}`;
  const response = responses[code];
  if (response.schema) return `${at}/schema${narrowed}`;
  const type = Object.keys(response.content ?? {}).find((type) => type.includes("json"));
  return type ? `${at}/content/${escaped(type)}/schema${narrowed}` : null;
}

function validator({ model }, pointer) {
  if (!judges.has(model)) {
    const judge = new ajvLibrary.default({ strict: false, allErrors: true, logger: false });
    addFormats.default(judge);
    judges.set(model, judge.addSchema({ ...withNulls(model), $id: "model" }));
    compiled.set(model, new Map());
  }
  const known = compiled.get(model);
  if (!known.has(pointer)) known.set(pointer, judges.get(model).compile({ $ref: `model${pointer}` }));
  return known.get(pointer);
}

// `nullable` is OpenAPI's own word, and the judge knows it beside a type alone.
function withNulls(part) {
  if (Array.isArray(part)) return part.map(withNulls);
  if (part === null || typeof part !== "object") return part;
  const whole = Object.fromEntries(Object.entries(part).map(([name, value]) => [name, withNulls(value)]));
  if (whole.nullable !== true || whole.type !== undefined) return whole;
  const { nullable, ...rest } = whole;
  return { anyOf: [rest, { type: "null" }] };
}

function escaped(part) {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}
