// Passes requests on to another server, a vendor's twin, and judges what it answers. Its own address in an answer is
// replaced by this server's, so that links lead here as well.

// Answers with `otherwise` until `PUT /-/upstream` says where the other server is.
export function switched(judge, otherwise = () => Promise.resolve({ status: 503 })) {
  let answer = otherwise;
  return (asked, note) => {
    if (asked.method !== "put" || asked.url !== "/-/upstream") return answer(asked, note);
    answer = upstream(asked.bytes.toString("utf8"), judge);
    return Promise.resolve({ status: 204 });
  };
}

// `judge(asked, exchange)` judges a request and gives what judges the answer to it: `{status, headers, text}`.
function upstream(base, judge) {
  return async (asked, note) => {
    const exchange = note(`${asked.method} ${asked.url}`);
    const judgeAnswer = judge(asked, exchange);
    const { status, headers, bytes } = await pass(base, asked);
    const here = `http://${asked.headers.host}`;
    const isText = /json|xml|html/.test(headers["content-type"] ?? "");
    const text = isText ? bytes.toString("utf8").replaceAll(base, here) : "";
    if (headers.location) headers.location = headers.location.replaceAll(base, here);
    Object.assign(exchange, { status, answer: text });
    judgeAnswer({ status, headers, text });
    return { status, headers, body: isText ? text : bytes };
  };
}

const HOP = ["host", "connection", "content-length", "transfer-encoding", "keep-alive", "accept-encoding"];

async function pass(base, { method, url, headers, bytes }) {
  const kept = Object.entries(headers).filter(([name]) => !HOP.includes(name));
  const body = bytes.length > 0 ? bytes : undefined;
  const init = { method: method.toUpperCase(), headers: Object.fromEntries(kept), body, redirect: "manual" };
  const answer = await fetch(base + url, init);
  const told = [...answer.headers].filter(([name]) => !HOP.includes(name));
  return { status: answer.status, headers: Object.fromEntries(told), bytes: Buffer.from(await answer.arrayBuffer()) };
}
