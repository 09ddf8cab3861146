import { SignatureV4 } from "@smithy/signature-v4";
import test from "ava";
import { systemClock } from "../../platform/daemon/system-clock-adapter.js";
import { Sha256 } from "../../simulator/signature/sha256.js";
import { type Credentials, SignatureCheck } from "../../simulator/signature/signature-check.js";
import type { RequestHead } from "../../simulator/signature/stated-signature.js";

/** AWS's published example for Signature Version 4, `get-vanilla`. */
const credentials: Credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};
const credential = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
const signature = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
const signedHeaders = "host;x-amz-date";
const vanilla: RequestHead = {
  method: "GET",
  url: "/",
  headers: {
    host: "example.amazonaws.com",
    "x-amz-date": "20150830T123600Z",
    authorization: authorization({}),
  },
};
const signedMs = Date.UTC(2015, 7, 30, 12, 36);

function authorization(changes: { credential?: string; headers?: string; signature?: string }) {
  const scope = changes.credential ?? credential;
  const names = changes.headers ?? signedHeaders;
  const digits = changes.signature ?? signature;
  return `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${names}, Signature=${digits}`;
}

function withHeaders(headers: RequestHead["headers"]): RequestHead {
  return { ...vanilla, headers: { ...vanilla.headers, ...headers } };
}

async function check(
  head: RequestHead,
  { body = "", nowMs = signedMs, known = credentials } = {},
): Promise<string> {
  const clock = { ...systemClock, nowMs: () => nowMs };
  const region = "us-east-1";
  const checked = new SignatureCheck({ credentials: known, region, service: "service", clock });
  try {
    checked.admit(head);
    await checked.verify(head, Buffer.from(body));
    return "accepted";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

test("AWS's own example is accepted", async (t) => {
  t.is(await check(vanilla), "accepted");
});

const invalid = "InvalidSignatureException";
const incomplete = "IncompleteSignatureException";
const refusals: readonly (readonly [string, RequestHead, string, string?])[] = [
  ["another method", { ...vanilla, method: "POST" }, invalid],
  ["another path", { ...vanilla, url: "/a" }, invalid],
  ["another query", { ...vanilla, url: "/?a=b" }, invalid],
  ["another body", vanilla, invalid, "x"],
  ["another signed header", withHeaders({ host: "example.com" }), invalid],
  ["another signature", withSigning({ signature: signature.replace("5", "6") }), invalid],
  ["a header of AWS's that is not signed", withHeaders({ "x-amz-tenant-id": "a" }), invalid],
  ["a body's hash that is not its own", withHeaders({ "x-amz-content-sha256": "0" }), invalid],
  ["another region", withSigning({ credential: scope({ region: "eu-west-1" }) }), invalid],
  ["another service", withSigning({ credential: scope({ service: "s3" }) }), invalid],
  ["a scope of another day", withSigning({ credential: scope({ day: "20150829" }) }), invalid],
  [
    "an unknown key",
    withSigning({ credential: scope({ key: "AKIDOTHER" }) }),
    "UnrecognizedClientException",
  ],
  [
    "a session that is not known",
    withHeaders({ "x-amz-security-token": "t" }),
    "UnrecognizedClientException",
  ],
  ["no signature", { ...vanilla, headers: {} }, "MissingAuthenticationTokenException"],
  ["another algorithm", withHeaders({ authorization: "Bearer x" }), incomplete],
  ["no host among what is signed", withSigning({ headers: "x-amz-date" }), incomplete],
  ["no date among what is signed", withSigning({ headers: "host" }), incomplete],
  ["a date in another form", withHeaders({ "x-amz-date": "2015-08-30" }), incomplete],
  ["a signature that is none", withSigning({ signature: "0" }), incomplete],
  ["a credential that is none", withSigning({ credential: "AKIDEXAMPLE" }), incomplete],
  ["a scope without end", withSigning({ credential: `${credential}/x` }), incomplete],
  ["too many signed headers", withSigning({ headers: `host${";a".repeat(200)}` }), incomplete],
];

function withSigning(changes: Parameters<typeof authorization>[0]): RequestHead {
  return withHeaders({ authorization: authorization(changes) });
}

function scope(changes: { key?: string; day?: string; region?: string; service?: string }) {
  const { key = "AKIDEXAMPLE", day = "20150830", region = "us-east-1" } = changes;
  return `${key}/${day}/${region}/${changes.service ?? "service"}/aws4_request`;
}

for (const [title, head, name, body] of refusals) {
  test(`a request with ${title} is refused`, async (t) => {
    t.is(await check(head, body === undefined ? {} : { body }), name);
  });
}

test("clocks may differ by five minutes, and no more", async (t) => {
  for (const direction of [1, -1]) {
    t.is(await check(vanilla, { nowMs: signedMs + direction * 300_000 }), "accepted");
    t.is(await check(vanilla, { nowMs: signedMs + direction * 301_000 }), invalid);
  }
});

function signer(known: Credentials): SignatureV4 {
  const region = "us-east-1";
  return new SignatureV4({ credentials: known, region, service: "service", sha256: Sha256 });
}

const request = {
  method: "PUT",
  protocol: "http:",
  hostname: "localhost",
  path: "/a%3Ab/c%20d",
  query: { name: ["b", "a"], empty: "", text: "ä +&=" },
  headers: { host: "localhost:8000", "content-type": "application/json", "x-amz-log-type": "Tail" },
  body: '{"a":1}',
};
const url = "/a%3Ab/c%20d?text=%C3%A4%20%2B%26%3D&name=b&name=a&empty=";

test("paths, queries, headers and bodies are seen as their signer saw them", async (t) => {
  const { headers } = await signer(credentials).sign(request, { signingDate: new Date(signedMs) });
  const head = { method: "PUT", url, headers };
  t.is(await check(head, { body: request.body }), "accepted");
  t.is(await check(head, { body: '{"a":2}' }), invalid);
});

test("a session's token belongs to its credentials", async (t) => {
  const known = { ...credentials, sessionToken: "token" };
  const { headers } = await signer(known).sign(request, { signingDate: new Date(signedMs) });
  const head = { method: "PUT", url, headers };
  const { body } = request;
  t.is(await check(head, { body, known }), "accepted");
  t.is(await check(head, { body }), "UnrecognizedClientException");
  const other = { ...credentials, sessionToken: "other" };
  t.is(await check(head, { body, known: other }), "UnrecognizedClientException");
});

for (const known of [credentials, { ...credentials, sessionToken: "token" }]) {
  const who = "sessionToken" in known ? "a session" : "a key";
  test(`what ${who} has presigned is accepted until it expires`, async (t) => {
    const { headers, query } = await signer(known).presign(
      { ...request, method: "GET", headers: { host: "localhost:8000" }, body: "" },
      { signingDate: new Date(signedMs), expiresIn: 60 },
    );
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query ?? {})) {
      for (const each of [value].flat()) search.append(name, String(each));
    }
    const text = search.toString().replaceAll("+", "%20");
    const head = { method: "GET", url: `${request.path}?${text}`, headers };
    t.is(await check(head, { known, nowMs: signedMs + 59_000 }), "accepted");
    t.is(await check(head, { known, nowMs: signedMs + 61_000 }), invalid);
    const longer = { ...head, url: head.url.replace("Expires=60", "Expires=600") };
    t.is(await check(longer, { known }), invalid);
    const endless = { ...head, url: head.url.replace("Expires=60", "Expires=9999999") };
    t.is(await check(endless, { known }), incomplete);
  });
}
