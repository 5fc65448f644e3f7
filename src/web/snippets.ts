// A request as commands to run: curl, JavaScript (Node 20 and up, as an ES module), Python 3 without packages.
// Owns: quoting. The API key is named as the environment variable QWEN_EDGE_API_KEY, never written out; without a key
// nothing is said of one. Must not know: a view.

import type { Connection } from "./api.ts";
import type { ChatBody } from "./settings.ts";

const KEY = "QWEN_EDGE_API_KEY";

/** For sh, bash and zsh. The body comes as a here-document, which takes any text and any length. */
export function asCurl({ base, apiKey }: Connection, body: ChatBody): string {
  const key = apiKey === "" ? "" : ` \\\n  -H "Authorization: Bearer $${KEY}"`;
  // No line of it is JSON alone: in a JSON text line feeds within strings are written as \n.
  return `curl -sS -N ${shellQuote(endpoint(base))} \\
  -H 'Content-Type: application/json'${key} \\
  --data-binary @- <<'JSON'
${JSON.stringify(body, null, 2)}
JSON
`;
}

/** An ES module: `node answer.mjs`. */
export function asJavaScript({ base, apiKey }: Connection, body: ChatBody): string {
  const key = apiKey === "" ? "" : `\n    authorization: \`Bearer \${env.${KEY}}\`,`;
  // JSON is JavaScript.
  return `const { ${apiKey === "" ? "" : "env, "}stdout } = process;
const response = await fetch(${JSON.stringify(endpoint(base))}, {
  method: "POST",
  headers: {
    "content-type": "application/json",${key}
  },
  body: JSON.stringify(${indent(JSON.stringify(body, null, 2))}),
});
if (!response.ok) throw new Error(await response.text());

let rest = "";
for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + piece).split("\\n");
  rest = lines.pop();
  for (const line of lines) {
    if (!line.startsWith("data: ") || line.startsWith("data: [DONE]")) continue;
    const chunk = JSON.parse(line.slice(6));
    if (chunk.error) throw new Error(chunk.error.message);
    stdout.write(chunk.choices[0]?.delta.content ?? "");
  }
}
stdout.write("\\n");
`;
}

/** `python3 answer.py`. */
export function asPython({ base, apiKey }: Connection, body: ChatBody): string {
  const key = apiKey === "" ? "" : `\n        "Authorization": "Bearer " + os.environ["${KEY}"],`;
  return `import json
${apiKey === "" ? "" : "import os\n"}import sys
import urllib.error
import urllib.request

body = ${python(body, "")}
request = urllib.request.Request(
    ${JSON.stringify(endpoint(base))},
    data=json.dumps(body).encode(),
    headers={
        "Content-Type": "application/json",${key}
    },
)
try:
    response = urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    sys.exit(error.read().decode())
for line in response:
    if not line.startswith(b"data: ") or line.startswith(b"data: [DONE]"):
        continue
    chunk = json.loads(line[6:])
    if "error" in chunk:
        sys.exit(chunk["error"]["message"])
    for choice in chunk["choices"]:
        print(choice["delta"].get("content") or "", end="", flush=True)
print()
`;
}

function endpoint(base: string): string {
  return `${base}/v1/chat/completions`;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Further lines moved to where the value stands in the module. */
function indent(json: string): string {
  return json.replaceAll("\n", "\n  ");
}

/** A JSON value as a Python literal: strings and numbers are written alike, the three words are not. */
function python(value: unknown, margin: string): string {
  const inner = `${margin}    `;
  if (value === true) return "True";
  if (value === false) return "False";
  if (value === null) return "None";
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => `${inner}${python(item, inner)},\n`).join("")}${margin}]`;
  }
  if (typeof value === "object") {
    const entries = Object.entries(value);
    return `{\n${entries.map(([name, item]) => `${inner}${JSON.stringify(name)}: ${python(item, inner)},\n`).join("")}${margin}}`;
  }
  return JSON.stringify(value);
}
