// The interface's words in English; their keys are what every language has.
// Owns: those texts. A text with a number in it is a function. Must not know: where a text stands.

import type { Problem } from "./settings.ts";

export const en = {
  appName: "qwen-edge",
  skipToMessage: "Skip to the message",

  // Conversations
  conversations: "Conversations",
  newChat: "New chat",
  untitled: "New conversation",
  searchConversations: "Search conversations",
  noConversations: "No conversations yet",
  nothingFound: "Nothing found",
  rename: "Rename",
  deleteConversation: "Delete conversation",
  exportAll: "Export",
  importFile: "Import",
  clearAll: "Clear all",
  confirmClear: "Delete all conversations from this browser? This cannot be undone.",
  confirmDelete: (title: string) => `Delete “${title}”? This cannot be undone.`,
  imported: (count: number) => (count === 1 ? "1 conversation imported" : `${count} conversations imported`),
  historyInMemory: "This browser blocks storage: conversations are gone when the page closes.",
  historyFull:
    "The browser's storage is full. Export and delete some conversations; this one is kept until the page closes.",
  historyFailed: "The conversation could not be stored; it is kept until the page closes.",
  historyUnreadable: "The conversations of this browser could not be read.",
  openSidebar: "Open conversations",
  closeSidebar: "Close conversations",
  today: "Today",
  thisWeek: "The last seven days",
  earlier: "Earlier",
  messageDeleted: "Message deleted",
  undo: "Undo",
  dismiss: "Dismiss",

  // Tabs and models
  chat: "Chat",
  compare: "Compare",
  tokenizer: "Tokenizer",
  model: "Model",
  secondModel: "Second model",
  defaultModel: "Default model",
  noModels: "No models",
  edge: "edge",
  origin: "origin",
  runsAtEdge: "Runs on the edge",
  runsAtOrigin: "Runs at an origin with a GPU",
  context: "Context",
  contextUsed: (used: number, limit: number, isEstimate: boolean) =>
    `${isEstimate ? "about " : ""}${used.toLocaleString("en")} of ${limit.toLocaleString("en")} tokens`,
  contextFull: "The context is nearly full: start a new chat or delete messages.",

  // Composer and messages
  message: "Message",
  messagePlaceholder: "Ask something…",
  send: "Send",
  stop: "Stop",
  you: "You",
  assistant: "Assistant",
  copy: "Copy",
  copied: "Copied",
  copyCode: "Copy code",
  copyFailed: "The browser did not allow copying",
  regenerate: "Regenerate",
  edit: "Edit",
  saveAndSend: "Save and send",
  cancel: "Cancel",
  delete: "Delete",
  raw: "Raw",
  jumpToEnd: "Jump to end",
  thinking: "Waiting for the first token…",
  answering: "The answer is coming",
  answerDone: "The answer is complete",
  answerStopped: "The answer was stopped",
  welcome: "Ask the model anything",
  welcomeMore: "It runs at the edge, on CPUs, a layer here and a layer there. Your conversations stay in this browser.",
  examples: ["What is qwen-edge?", "How do I load my own model?", "What is 7 + 5?", "List three colors."],

  // Beside an answer
  firstToken: (ms: number) => `${formatMs(ms)} to first token`,
  speed: (tokensPerSecond: number) => `${tokensPerSecond.toFixed(tokensPerSecond < 100 ? 1 : 0)} tok/s`,
  tokens: (prompt: number, completion: number) => `${prompt} → ${completion} tokens`,
  cachedTokens: (count: number) => `${count} from cache`,
  finishReasons: {
    stop: "complete",
    length: "cut at the token limit",
    stopped: "stopped by you",
    content_filter: "filtered",
    tool_calls: "tool call",
  } as Readonly<Record<string, string>>,

  // The raw dialog
  request: "Request",
  response: "Response",
  copyAs: (form: string) => `Copy as ${form}`,
  noRequestKept: "The request was not kept.",
  requestChanged: "The conversation has changed since: the request is shown with its messages as they are now.",
  close: "Close",

  // Settings
  settings: "Settings",
  systemPrompt: "System prompt",
  temperature: "Temperature",
  topP: "Top P",
  topK: "Top K",
  maxTokens: "Max tokens",
  seed: "Seed",
  stopStrings: "Stop strings",
  stopHint: "One a line; write a line feed as \\n",
  modelDefault: "model's default",
  reset: "Reset",
  apiKey: "API key",
  showKey: "Show key",
  rememberKey: "Remember the key in this browser",
  keyHint: "Kept until this tab closes, unless you let it be remembered",
  problem: (problem: Problem): string => {
    if (problem.kind === "stops") return `At most ${problem.most} strings of ${problem.mostCharacters} characters`;
    if (problem.kind === "long") return `At most ${problem.mostCharacters} characters`;
    const { min, max, step } = problem.bound;
    return `Expected a ${step === 1 ? "whole " : ""}number from ${min} to ${max}`;
  },

  // Errors, and the way on
  tryAgain: "Try again",
  tryingAgainIn: (seconds: number) => `Trying again in ${seconds} s`,
  enterApiKey: "Enter API key",
  openSettings: "Open settings",
  errors: {
    unauthorized: "The server asks for an API key, or does not know this one.",
    busy: "The server is busy.",
    loading: "The model is loading.",
    offline: "The server cannot be reached. Check the network and that it runs.",
    invalid: "The server did not accept the request.",
    server: "The server failed.",
    interrupted: "The connection was lost. What came of the answer is kept.",
    empty: "The answer is empty.",
  },
  errorCodes: {
    context_length_exceeded:
      "The conversation is longer than the model's context. Delete messages or start a new chat.",
    model_not_found: "The server has no such model. Choose another one.",
    body_too_large: "The conversation is larger than the server takes. Delete messages or start a new chat.",
    invalid_value: "The server does not accept one of the values.",
    unsupported_value: "The model does not support one of the values yet.",
    unsupported_parameter: "The model does not support one of the settings yet.",
    origin_unavailable: "The model's origin cannot be reached, or it broke off.",
    origin_timeout: "The model's origin did not answer in time.",
    model_failed: "The model failed to load.",
    odd_answer: "The server's answer is not that of an OpenAI API. Check what runs at this address.",
    endless_answer: "The server's answer is longer than any should be.",
    odd_key: "The API key has characters that no key can have. Check how it was copied.",
  },
  atFault: (param: string) => `At fault: ${param}`,
  loadingProgress: (percent: number) => `${percent} % of the weights are loaded`,
  importFailed: "The file could not be imported.",
  importErrors: {
    large: "The file could not be imported: it is too large.",
    foreign: "The file could not be imported: it is no export of this page.",
    version: "The file could not be imported: it is of another version of this page.",
    damaged: (path: string) => `The file could not be imported: it is damaged at ${path}.`,
  },

  // Compare
  startOver: "Start over",
  compareHint: "One question to two models, their answers side by side.",

  // Tokenizer
  tokenizerText: "Text to tokenize",
  tokenCount: (count: number) => (count === 1 ? "1 token" : `${count.toLocaleString("en")} tokens`),
  characterCount: (count: number) => (count === 1 ? "1 character" : `${count.toLocaleString("en")} characters`),
  tokenizerExample: "Hello, world! 你好，世界。 The quick brown fox costs $3.50.",
  tokensLeftOut: (count: number) => `and ${count.toLocaleString("en")} more`,
  tokenizerHint: "How the edge model reads a text: each piece is one token.",
};

export type Words = typeof en;

/** 340 ms, 1.2 s. */
function formatMs(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
