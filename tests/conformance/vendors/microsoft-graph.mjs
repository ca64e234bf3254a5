// What Prism's answers for Microsoft Graph cannot be. The slice of the model has no examples: every answer is made of
// its schemas, one of everything and each text "string".
import { nothing } from "./any.mjs";

const headers = ["client-request-id"];

const DELTAS = [
  "users_delta",
  "listitems_delta",
  "drive_delta",
  "mailfolders_delta",
  "folder_messages_delta",
  "calendarview_delta",
];

const placeholders = [
  {
    operations: DELTAS,
    why:
      "links are texts and Prism keeps no rounds: a round is one page, whose end leads to a round of changes, then to " +
      "one of deletions; made of its schema an entry is always deleted, and here it is in the last of them alone",
    fill(answer, { url }) {
      const round = Number(url.searchParams.get("$deltatoken") ?? 0);
      delete answer["@odata.nextLink"];
      answer["@odata.deltaLink"] = `${url.origin}${url.pathname}?$deltatoken=${Math.min(round + 1, 2)}`;
      if (round < 2) for (const entry of answer.value) live(entry);
    },
  },
  {
    operations: ["lists_list", "drives_list", "tables_list", "table_rows"],
    why: "a link to the next page is a text: a list is one page",
    fill(answer) {
      delete answer["@odata.nextLink"];
    },
  },
  {
    operations: ["lists_list"],
    why: "made of its schema every list is hidden, and hidden lists are not read",
    fill(answer) {
      for (const { list } of answer.value) list.hidden = false;
    },
  },
  {
    operations: ["calendarview_delta", "events_get"],
    why: "the schema has the times of events as any text",
    fill(answer) {
      for (const event of answer.value ?? [answer]) {
        event.start = { dateTime: "2026-12-09T20:30:00.0000000", timeZone: "UTC" };
        event.end = { dateTime: "2026-12-09T21:00:00.0000000", timeZone: "UTC" };
      }
    },
  },
  {
    operations: ["table_headerRowRange"],
    why: "cells are untyped in the model and lists of lists on the wire",
    fill(answer) {
      answer.values = [["SKU", "Price", "Valid from"]];
    },
  },
  {
    operations: ["table_dataBodyRange"],
    why: "the schema's least number of rows and columns is negative",
    fill(answer) {
      Object.assign(answer, { rowCount: 1, columnCount: 3 });
    },
  },
  {
    operations: ["table_rows"],
    why: "cells are untyped in the model and lists of lists on the wire",
    fill(answer) {
      for (const row of answer.value) Object.assign(row, { index: 0, values: [["A-1", 1.5, 46082.75]] });
    },
  },
  {
    operations: ["batch"],
    why: "the answer to a batch is that of its parts: each is put before the model as a request of its own",
    async fill(answer, { url, body, ask }) {
      const root = url.pathname.replace(/\/\$batch$/, "");
      answer.responses = [];
      for (const { id, method, url: path, headers } of body.requests) {
        const part = await ask(method.toLowerCase(), root + path, headers);
        answer.responses.push({ id, status: part.status, headers: {}, body: JSON.parse(part.body) });
      }
    },
  },
];

function live(entry) {
  delete entry["@removed"];
  delete entry.deleted;
}

// Links write a key or an argument in parentheses, `sites('id')` and `delta(token='...')`, where the model has segments
// and a parameter.
function canonical(path) {
  return path.replace(/\/delta\(token='[^']*'\)$/, "/delta").replace(/\('([^']*)'\)/g, "/$1");
}

export default { ...nothing, headers, placeholders, canonical };
