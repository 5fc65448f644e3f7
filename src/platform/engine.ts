// The engine put together: a packed folder, the compiled kernels and the settings become a Completer and TextTools.
// Owns the order of loading and what the settings mean for stages and chain. Takes a function that opens a file of the
// folder, so that assets and disks serve alike. Must not know: which runtime it is in, HTTP.

import { Chain, type ChainLimits } from "../chain/chain.ts";
import { PREFILL_CHUNK } from "../chain/scheduler.ts";
import { createCompleter } from "../complete.ts";
import type { Completer, TextTools } from "../completer.ts";
import type { Config } from "../config.ts";
import { type KernelModules, loadKernels, loadMath } from "../engine/kernels.ts";
import type { StageLimits } from "../engine/layout.ts";
import { loadStage, type Stage } from "../engine/stage.ts";
import { checkSha256 } from "../engine/weights.ts";
import { ModelFileError } from "../errors.ts";
import { type Manifest, parseManifest } from "../model/manifest.ts";
import { maxPositions } from "../model/qwen2.ts";
import { createPrompter } from "../prompt/chatml.ts";
import { loadVocab, type Vocab } from "../token/vocab.ts";
import type { Load, Model } from "./loader.ts";
import { createTextTools } from "./text-tools.ts";

/** Bytes of one stage's memory, as far as a runtime does not say less. */
const BUDGET_BYTES = 4 * 2 ** 30;

export interface EngineSource {
  readonly config: Config;
  readonly modules: KernelModules;
  /** Opens a file of the packed folder. */
  readonly openFile: (name: string) => Promise<ReadableStream<Uint8Array>>;
}

export interface Engine {
  readonly completer: Completer;
  readonly text: TextTools;
  /** Sessions that compute, and sessions that wait to. */
  readonly load: Chain["load"];
  /** The same weights under a new chain: for when whoever drove the old one is gone. */
  renew(): Engine;
}

/** The loading of an engine, for a Loader. */
export function engineLoad({ config, modules, openFile }: EngineSource): Load<Engine> {
  return async (onModel, onProgress) => {
    const manifest = await readManifest(openFile);
    const limits = readLimits(config, manifest);
    const model: Model = {
      name: manifest.name,
      sha256: manifest.source.sha256,
      contextLength: limits.context,
      quant: manifest.quant,
    };
    onModel(model);
    const vocab = await readVocab(manifest, openFile);
    const total = manifest.stages.reduce((sum, stage) => sum + stage.bytes, 0);
    const stages: Stage[] = [];
    let before = 0;
    for (const [index, { bytes }] of manifest.stages.entries()) {
      const stage = await loadStage(manifest, index, {
        limits,
        fetchChunk: openFile,
        bindKernels: async (memory) => (await loadKernels(modules, memory)).kernels,
        onProgress: (loaded) => onProgress((before + loaded) / total),
      });
      stages.push(stage);
      before += bytes;
    }
    const math = await loadMath(modules.math);
    const prompter = createPrompter(manifest.chat_template, { eos_token: endToken(manifest, vocab) });
    const text = createTextTools(vocab, prompter);
    const assemble = (): Engine => {
      const chain = new Chain({ manifest, stages, math, limits });
      const answerLimits = { contextLength: limits.context, maxTokens: config.maxTokens ?? limits.context };
      const completer = createCompleter({ manifest, prompter, vocab, chain, limits: answerLimits });
      return {
        completer,
        text,
        get load() {
          return chain.load;
        },
        renew: assemble,
      };
    };
    return { model, engine: assemble() };
  };
}

/** What transformers calls eos_token; a template may write it behind an answer. */
function endToken({ generation }: Manifest, vocab: Vocab): string {
  const [id] = generation.eos_token_id;
  return id === undefined || id >= vocab.tokens ? "" : new TextDecoder().decode(vocab.bytesOf(id));
}

function readLimits(config: Config, manifest: Manifest): ChainLimits & StageLimits {
  const context = Math.min(config.contextLength, maxPositions(manifest.config));
  return {
    context,
    rows: config.prefillChunk ?? PREFILL_CHUNK,
    kvPositions: config.kvPositions,
    kvFormat: config.kvFormat,
    budgetBytes: BUDGET_BYTES,
    maxSessions: config.maxSessions ?? config.kvPositions,
    queue: config.queueLength,
  };
}

async function readManifest(openFile: EngineSource["openFile"]): Promise<Manifest> {
  const text = await new Response(await openFile("manifest.json")).text();
  try {
    return parseManifest(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof ModelFileError) throw cause;
    throw new ModelFileError("manifest.json", "is not JSON; pack the model again", { cause });
  }
}

/** The vocabulary, after its bytes have been compared with the manifest's hash. */
async function readVocab({ tokenizer }: Manifest, openFile: EngineSource["openFile"]): Promise<Vocab> {
  const { file, sha256 } = tokenizer;
  const bytes = new Uint8Array(await new Response(await openFile(file)).arrayBuffer());
  await checkSha256(file, bytes, sha256);
  return loadVocab(bytes, file);
}
