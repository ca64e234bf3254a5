// Answers for a schema without a shop behind it. Every value is derived from the object it belongs to (its
// id, where it has one), the field and its arguments, so the same object always gets the same answer, in a
// list or on its own. A sparse answer has null wherever the schema allows it, except at the root.
//
// What a client may rely on: `id` is a global id of 18 digits with the object's own type; a sized list
// never exceeds `first`/`last`; `nodes` and `edges` show the same objects; every connection has a next page
// (unless its first one has room for all) and ends behind it; cursors, searches and orders never change
// what an object is; `updatedAt` rises along a list; user errors are empty.
import {
  GraphQLError,
  getNamedType,
  getNullableType,
  isAbstractType,
  isEnumType,
  isListType,
  isObjectType,
} from "graphql";

const LIST_LENGTH = 2;
const SIZED_LIST_LENGTH = 12;
const ROOT_CONNECTION_LENGTH = 3;
const FIXED_TEXTS = { countryCode: "GB", ianaTimezone: "Europe/London", myshopifyDomain: "acme.myshopify.com" };
const FIXED_ENUMS = { CurrencyCode: "GBP", CountryCode: "GB", WeightUnit: "KILOGRAMS" };

export function answerField(source, args, { isSparse }, info) {
  const parent = source ?? { key: "root", at: 0 };
  const name = info.fieldName;
  const type = getNullableType(info.returnType);
  if (name === "node" && parent.edgeOf) return parent.edgeOf;
  if (parent.slice && (name === "edges" || name === "nodes")) return elements(parent, name);
  if (parent.slice && name === "pageInfo") return pageInfo(parent);
  if (parent.page && name in parent.page) return parent.page[name];
  if (isSparse && type === info.returnType && parent.key !== "root") return null;
  return value(type, place(parent, name, type, args), { parent, name, args, schema: info.schema });
}

// Interfaces and unions settle on the type that the object was made with.
export function answerType(source) {
  return source.typename;
}

// Where a field stands. What pages, orders or searches a list does not change what is in it.
function place(parent, name, type, args) {
  const selects = !isListType(type) && !isConnection(type) && Object.keys(args).length > 0;
  return `${parent.key}.${name}${selects ? JSON.stringify(args) : ""}`;
}

function isConnection(type) {
  return isObjectType(type) && type.name.endsWith("Connection");
}

function elements({ key, node, owner, slice, schema }, name) {
  return Array.from({ length: slice.end - slice.start }, (_, offset) => {
    const at = slice.start + offset;
    const element = object(node, `${key}[${at}]`, { at, owner, schema });
    if (name === "nodes") return element;
    return { key: `${key}[${at}].edge`, at, edgeOf: element, page: { cursor: cursor(at, slice.total) } };
  });
}

function pageInfo({ key, slice: { start, end, total } }) {
  const page = {
    hasNextPage: end < total,
    hasPreviousPage: start > 0,
    startCursor: start < end ? cursor(start, total) : null,
    endCursor: start < end ? cursor(end - 1, total) : null,
  };
  return { typename: "PageInfo", key: `${key}.pageInfo`, at: 0, page };
}

function cursor(at, total) {
  return Buffer.from(`${at} of ${total}`).toString("base64");
}

// The part of a connection that its arguments ask for. At the root it holds three objects, elsewhere one more
// than its first page asks for; the cursors remember how many that were.
function slice({ first, last, after, before }, isRoot) {
  const size = first ?? last ?? LIST_LENGTH;
  if (after == null && before == null) {
    const total = isRoot ? ROOT_CONNECTION_LENGTH : size + 1;
    return { start: 0, end: Math.min(size, total), total };
  }
  const [, at, total] = /^(\d+) of (\d+)$/.exec(Buffer.from(after ?? before, "base64")) ?? [];
  if (at === undefined) throw new GraphQLError("Invalid cursor for current pagination sort.");
  const start = after == null ? Math.max(0, Number(at) - size) : Number(at) + 1;
  const end = after == null ? Number(at) : Math.min(start + size, Number(total));
  return { start, end, total: Number(total) };
}

function list(type, place, args, schema) {
  const element = getNullableType(type.ofType);
  if (/UserError$|^UserError/.test(getNamedType(element).name)) return [];
  if (Array.isArray(args.ids)) {
    return args.ids.map((id, at) => value(element, `${place}[${at}]`, { parent: { at }, args: { id }, schema }));
  }
  if (Array.isArray(args.names)) {
    return args.names.map((name, at) => ({ ...object(element, `${place}[${name}]`, { at, schema }), name }));
  }
  const asked = args.first ?? args.last;
  const length = asked == null ? LIST_LENGTH : Math.max(0, Math.min(SIZED_LIST_LENGTH, asked));
  return Array.from({ length }, (_, at) =>
    value(element, `${place}[${at}]`, { parent: { at }, name: "", args: {}, schema }),
  );
}

function value(type, place, { parent, name = "", args = {}, schema }) {
  if (isListType(type)) return list(type, place, args, schema);
  if (isEnumType(type)) return enumeration(type, place);
  if (!isObjectType(type) && !isAbstractType(type)) return scalar(type.name, name, place, parent);
  if (isConnection(type)) return connection(type, place, parent, args, schema);
  if (parent.owner?.typename === type.name) return parent.owner;
  return object(type, place, { at: parent.at ?? 0, id: args.id, schema });
}

function connection(type, key, parent, args, schema) {
  const fields = type.getFields();
  const edge = getNamedType(fields.edges?.type ?? fields.nodes.type);
  const node = fields.nodes ? getNamedType(fields.nodes.type) : getNamedType(edge.getFields().node.type);
  return { typename: type.name, key, at: 0, node, owner: parent, slice: slice(args, parent.key === "root"), schema };
}

// An object with an id is known by it, wherever it is asked for.
function object(type, place, { at, id, owner, schema }) {
  const typename = isAbstractType(type) ? concrete(type, id, schema) : type.name;
  const own = id ?? globalId(typename, place, at);
  const hasId = "id" in schema.getType(typename).getFields();
  return { typename, key: hasId ? own : place, at: position(own) ?? at, id: own, owner };
}

function concrete(type, id, schema) {
  const possible = schema.getPossibleTypes(type).map((candidate) => candidate.name);
  const asked = /^gid:\/\/shopify\/(\w+)\//.exec(id ?? "")?.[1];
  return possible.includes(asked) ? asked : possible[0];
}

function globalId(typename, key, at) {
  const id = `gid://shopify/${typename}/${digits(key, at)}`;
  return typename === "InventoryLevel" ? `${id}?inventory_item_id=${digits(`${key}.item`, at)}` : id;
}

// The last three digits of an id say where in its list the object stands.
function position(id) {
  const found = /\/8\d{14}(\d{3})(?:\?|$)/.exec(id);
  return found && Number(found[1]);
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
      return parent.id ?? globalId("Node", place, parent.at ?? 0);
    case "Boolean":
      return number % 2 === 0;
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
  if (name === "name" && parent.name) return parent.name;
  return FIXED_TEXTS[name] ?? `${name || "text"} ${number % 100000}`;
}

// Things are made in the first half of the year and changed in June, later ones along a list last.
function moment(name, number, at) {
  const minutes = number % (120 * 24 * 60);
  const time = name === "updatedAt" ? Date.UTC(2026, 5, 1, 12, at ?? 0) : Date.UTC(2026, 0, 1, 0, minutes);
  return new Date(time).toISOString().replace(".000Z", "Z");
}

function digits(text, at = 0) {
  const middle = `${hash(text)}${hash(`${text}#`)}`.padEnd(14, "0").slice(0, 14);
  return `8${middle}${String(at % 1000).padStart(3, "0")}`;
}

// FNV-1a, 32 bits.
function hash(text) {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  }
  return state >>> 0;
}
