// Answers for a schema without a shop behind it. Every value is derived from the place it is asked at
// (the path of the object, the field and its arguments), so the same query always gets the same answer.
//
// What a client may rely on: `id` is a global id of 18 digits with the object's own type; a sized list
// never exceeds `first`/`last`; `nodes` and `edges` show the same objects; every connection ends on its
// first page; `updatedAt` rises along a list; user errors are empty.
import { getNamedType, getNullableType, isAbstractType, isEnumType, isListType, isObjectType } from "graphql";

const LIST_LENGTH = 2;
const FIXED_TEXTS = { countryCode: "GB", ianaTimezone: "Europe/London", myshopifyDomain: "acme.myshopify.com" };
const FIXED_ENUMS = { CurrencyCode: "GBP", CountryCode: "GB", WeightUnit: "KILOGRAMS" };

export function answerField(source, args, _context, info) {
  const parent = source ?? { key: "root", at: 0 };
  const name = info.fieldName;
  const type = getNullableType(info.returnType);
  const place = `${parent.key}.${name}${Object.keys(args).length ? JSON.stringify(args) : ""}`;
  if (name === "node" && parent.edgeOf) return parent.edgeOf;
  if (parent.connection && (name === "edges" || name === "nodes")) return elements(parent, name);
  if (isListType(type)) return list(type, place, args, info.schema);
  return value(type, place, { parent, name, args, schema: info.schema });
}

// Interfaces and unions settle on the type that the object was made with.
export function answerType(source) {
  return source.typename;
}

function elements(connection, name) {
  return Array.from({ length: connection.length }, (_, at) => {
    const node = object(connection.node, `${connection.key}[${at}]`, { at, schema: connection.schema });
    return name === "nodes" ? node : { key: `${connection.key}[${at}].edge`, at, edgeOf: node };
  });
}

function list(type, place, args, schema) {
  const element = getNullableType(type.ofType);
  if (/UserError$|^UserError/.test(getNamedType(element).name)) return [];
  if (Array.isArray(args.ids)) {
    return args.ids.map((id, at) => value(element, `${place}[${at}]`, { parent: { at }, args: { id }, schema }));
  }
  if (Array.isArray(args.names)) {
    return args.names.map((name, at) => ({ ...object(element, `${place}[${at}]`, { at, schema }), name }));
  }
  return Array.from({ length: size(args) }, (_, at) =>
    value(element, `${place}[${at}]`, { parent: { at }, name: "", args: {}, schema }),
  );
}

function size({ first, last, after, before }) {
  if (after != null || before != null) return 0;
  return Math.max(0, Math.min(LIST_LENGTH, first ?? last ?? LIST_LENGTH));
}

function value(type, place, { parent, name = "", args = {}, schema }) {
  if (isListType(type)) return list(type, place, args, schema);
  if (isEnumType(type)) return enumeration(type, place);
  if (!isObjectType(type) && !isAbstractType(type)) return scalar(type.name, name, place, parent);
  const made = object(type, place, { at: parent.at ?? 0, id: args.id, schema });
  return type.name.endsWith("Connection") ? { ...made, ...connection(type, args, schema) } : made;
}

function connection(type, args, schema) {
  const fields = type.getFields();
  const edge = getNamedType(fields.edges?.type ?? fields.nodes.type);
  const node = fields.nodes ? getNamedType(fields.nodes.type) : getNamedType(edge.getFields().node.type);
  return { connection: true, node, length: size(args), schema };
}

function object(type, key, { at, id, schema }) {
  const typename = isAbstractType(type) ? concrete(type, id, schema) : type.name;
  return { typename, key, at, id: id ?? globalId(typename, key) };
}

function concrete(type, id, schema) {
  const possible = schema.getPossibleTypes(type).map((candidate) => candidate.name);
  const asked = /^gid:\/\/shopify\/(\w+)\//.exec(id ?? "")?.[1];
  return possible.includes(asked) ? asked : possible[0];
}

function globalId(typename, key) {
  const id = `gid://shopify/${typename}/${digits(key)}`;
  return typename === "InventoryLevel" ? `${id}?inventory_item_id=${digits(`${key}.item`)}` : id;
}

function enumeration(type, place) {
  const names = type.getValues().filter((item) => item.deprecationReason == null).map((item) => item.name);
  const fixed = FIXED_ENUMS[type.name];
  return names.includes(fixed) ? fixed : names[hash(place) % names.length];
}

function scalar(type, name, place, parent) {
  const number = hash(place);
  switch (type) {
    case "ID":
      return parent.id ?? globalId("Node", place);
    case "Boolean":
      return name === "hasNextPage" || name === "hasPreviousPage" ? false : number % 2 === 0;
    case "Int":
      return number % 10;
    case "Float":
      return (number % 1000) / 8;
    case "Decimal":
    case "Money":
      return `${number % 1000}.${String((number >>> 10) % 100).padStart(2, "0")}`;
    case "UnsignedInt64":
    case "BigInt":
      return name === "legacyResourceId" && parent.id ? parent.id.match(/\d+/)[0] : String(number);
    case "DateTime":
      return moment(name, number, parent.at);
    case "Date":
      return moment(name, number, parent.at).slice(0, 10);
    case "UtcOffset":
      return "+00:00";
    case "URL":
      return `https://shop.example/${name}/${number}`;
    case "Color":
      return `#${(number & 0xffffff).toString(16).padStart(6, "0")}`;
    case "JSON":
      return {};
    default:
      return text(name, number, parent);
  }
}

function text(name, number, parent) {
  if (name === "startCursor" || name === "endCursor") return null;
  if (name === "cursor") return Buffer.from(`cursor-${parent.key}`).toString("base64");
  if (name === "name" && parent.name) return parent.name;
  return FIXED_TEXTS[name] ?? `${name || "text"} ${number % 100000}`;
}

// Things are made in the first half of the year and changed in June, later ones along a list last.
function moment(name, number, at) {
  const minutes = number % (120 * 24 * 60);
  const time = name === "updatedAt" ? Date.UTC(2026, 5, 1, 12, at ?? 0) : Date.UTC(2026, 0, 1, 0, minutes);
  return new Date(time).toISOString().replace(".000Z", "Z");
}

function digits(text) {
  const tail = `${hash(text)}${hash(`${text}#`)}`.padEnd(17, "0").slice(0, 17);
  return `8${tail}`;
}

// FNV-1a, 32 bits.
function hash(text) {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  }
  return state >>> 0;
}
