// What Prism's answers for Amazon cannot be, and what no model describes. The examples are Amazon's own, of the models
// and of their sandbox; where there are none (FBA inventory) an answer is made of the schema.
import { nothing } from "./any.mjs";

const headers = ["x-amz-access-token", "x-amz-date"];

const DOCUMENT = "0356cf79-b8b0-4226-b4b9-0ee058ea5760";
const TOKENS = ["paginationToken", "nextToken", "pageToken"];
const LISTS = ["orders", "items", "reports", "inventorySummaries", "transactions"];

const placeholders = [
  {
    operations: ["searchOrders", "getInventorySummaries", "searchListingsItems", "listTransactions", "getReports"],
    why: "examples hold a token that leads to the same example for ever: the page that it leads to is empty and the last",
    fill(answer, { url }) {
      if (TOKENS.some((name) => url.searchParams.has(name))) endAll(answer);
    },
  },
  {
    operations: ["searchListingsItems"],
    why: "the example finds three and shows one; a search without an end, which asks what is newest, has one page",
    fill(answer, { url }) {
      answer.numberOfResults = 1;
      if (!url.searchParams.has("lastUpdatedBefore")) delete answer.pagination;
    },
  },
  {
    operations: ["getInventorySummaries"],
    why: "made of its schema a good answer reports an error beside its payload, which a reader must take for a failure",
    fill(answer) {
      delete answer.errors;
    },
  },
  {
    operations: ["getReports"],
    why: "Prism keeps no filter: asked for reports that are done, the example shows one that is not",
    fill(answer, { url }) {
      if (url.searchParams.get("processingStatuses") !== "DONE") return;
      for (const report of answer.reports) done(report);
    },
  },
  {
    operations: ["getReport"],
    why: "the example is in progress for ever: every second time it is asked for it is done",
    fill(answer, { state }) {
      state.polls = (state.polls ?? 0) + 1;
      if (state.polls % 2 === 0) done(answer);
    },
  },
  {
    operations: ["getReportDocument"],
    why: "the example's link leads to Amazon's storage: this one leads to the file that the test puts here",
    fill(answer, { url }) {
      answer.url = `${url.origin}/-/file`;
    },
  },
];

const routes = [
  {
    method: "post",
    path: "/auth/o2/token",
    why: "Login with Amazon is described by no model",
    answer: () => ({ status: 200, body: JSON.stringify({ access_token: "Atza|conformance", token_type: "bearer", expires_in: 3600 }) }),
  },
  {
    method: "get",
    path: "/-/file",
    why: "what stands in a report's file is described by no model",
    answer: ({ file }) => (file ? { status: 200, ...file } : { status: 404, body: "{}" }),
  },
];

function done(report) {
  report.processingStatus = "DONE";
  report.reportDocumentId = DOCUMENT;
}

function endAll(part) {
  delete part.nextToken;
  delete part.pagination;
  for (const name of LISTS) if (name in part) part[name] = [];
  if (part.payload) endAll(part.payload);
}

export default { ...nothing, headers, placeholders, routes };
