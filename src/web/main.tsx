// The playground: the page that opens at /.
// Owns: what happens when it opens. Must not know: what it looks like.

import { render } from "preact";
import { announceAnswers } from "./state/announce.ts";
import { openChats } from "./state/chats.ts";
import { loadModels, waitUntilReady } from "./state/connection.ts";
import { langTag } from "./state/words.ts";
import { App } from "./view/app.tsx";

document.documentElement.lang = langTag;
announceAnswers();

void loadModels();
// Shows how far the model has loaded; whether it can be reached at all is told by the list of models.
waitUntilReady(new AbortController().signal).catch(() => undefined);
await openChats();
render(<App />, document.getElementById("app")!);
