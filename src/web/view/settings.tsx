// The settings of the open conversation, and the API key.
// Owns: the form; each change holds at once when it is well, and says what is wrong when it is not. Must not know: how a
// request is made of them.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { withSettings } from "../conversation.ts";
import {
  DEFAULT_SETTINGS,
  NUMBER_FIELDS,
  type NumberField,
  type Problem,
  parseForm,
  type SettingsForm,
  toForm,
} from "../settings.ts";
import { current, update } from "../state/chats.ts";
import { apiKey, isKeyRemembered, setApiKey } from "../state/connection.ts";
import { areSettingsOpen, isMedium, settingsFocus } from "../state/panels.ts";
import { words } from "../state/words.ts";
import { Dialog, PanelTitle } from "./dialog.tsx";

function close(): void {
  areSettingsOpen.value = false;
}

export function SettingsPanel() {
  if (!areSettingsOpen.value) return null;
  const content = (
    <div class="settings">
      <PanelTitle title={words.settings} onClose={close} />
      <form class="fields" onSubmit={(event) => event.preventDefault()}>
        <ModelSettings key={current.value.id} />
        <KeySettings />
      </form>
    </div>
  );
  if (isMedium.value) {
    return (
      <Dialog label={words.settings} place="end" onClose={close}>
        {content}
      </Dialog>
    );
  }
  return <Drawer>{content}</Drawer>;
}

/** Beside the page; it gives the focus back as a dialog does. */
function Drawer({ children }: { children: ComponentChildren }) {
  const drawer = useRef<HTMLElement>(null);
  const before = useRef(document.activeElement);
  useLayoutEffect(
    () => () => {
      const hadFocus = drawer.current?.contains(document.activeElement);
      if (hadFocus && before.current instanceof HTMLElement) before.current.focus();
    },
    [],
  );
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  };
  return (
    // Esc closes it from any of its fields.
    <aside class="drawer" ref={drawer} aria-label={words.settings} onKeyDown={onKeyDown}>
      {children}
    </aside>
  );
}

function ModelSettings() {
  const form = useSignal<SettingsForm>(toForm(current.value.settings));
  const { problems } = parseForm(form.value, current.value.settings);
  const write = (field: keyof SettingsForm, text: string) => {
    form.value = { ...form.value, [field]: text };
    const { model } = current.value.settings;
    update(withSettings(current.value, { ...parseForm(form.value, current.value.settings).settings, model }));
  };
  const reset = () => {
    const { model } = current.value.settings;
    update(withSettings(current.value, { ...DEFAULT_SETTINGS, model }));
    form.value = toForm(current.value.settings);
  };
  const system = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    if (settingsFocus.value === "system") system.current!.focus();
  }, []);
  return (
    <>
      <Field name="system" label={words.systemPrompt} problem={problems.system}>
        <textarea
          id="system"
          ref={system}
          rows={5}
          dir="auto"
          {...described("system", problems.system)}
          value={form.value.system}
          onInput={(event) => write("system", event.currentTarget.value)}
        />
      </Field>
      <div class="numbers">
        {NUMBER_FIELDS.map((field) => (
          <Field key={field} name={field} label={words[field]} problem={problems[field]}>
            <input
              id={field}
              inputMode={isWhole(field) ? "numeric" : "decimal"}
              autocomplete="off"
              placeholder={words.modelDefault}
              {...described(field, problems[field])}
              value={form.value[field]}
              onInput={(event) => write(field, event.currentTarget.value)}
            />
          </Field>
        ))}
      </div>
      <Field name="stop" label={words.stopStrings} problem={problems.stop} hint={words.stopHint}>
        <textarea
          id="stop"
          rows={2}
          dir="auto"
          {...described("stop", problems.stop, words.stopHint)}
          value={form.value.stop}
          onInput={(event) => write("stop", event.currentTarget.value)}
        />
      </Field>
      <button type="button" class="button" onClick={reset}>
        {words.reset}
      </button>
    </>
  );
}

function KeySettings() {
  const key = useRef<HTMLInputElement>(null);
  const isShown = useSignal(false);
  useLayoutEffect(() => {
    if (settingsFocus.value === "apiKey") key.current!.focus();
  }, [settingsFocus.value]);
  return (
    <fieldset>
      <legend class="visually-hidden">{words.apiKey}</legend>
      <Field name="key" label={words.apiKey} hint={words.keyHint}>
        <input
          id="key"
          ref={key}
          {...(isShown.value ? { type: "text" as const } : { type: "password" as const })}
          autocomplete="off"
          spellcheck={false}
          aria-describedby="key-note"
          value={apiKey.value}
          onInput={(event) => setApiKey(event.currentTarget.value.trim(), isKeyRemembered.value)}
        />
      </Field>
      <label class="check">
        <input type="checkbox" checked={isShown.value} onChange={() => (isShown.value = !isShown.value)} />
        {words.showKey}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={isKeyRemembered.value}
          onChange={(event) => setApiKey(apiKey.value, event.currentTarget.checked)}
        />
        {words.rememberKey}
      </label>
    </fieldset>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly problem?: Problem | undefined;
  readonly hint?: string;
  readonly children: ComponentChildren;
}

function Field({ name, label, problem, hint = "", children }: FieldProps) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {children}
      {problem !== undefined && (
        <p class="wrong" id={`${name}-note`}>
          {words.problem(problem)}
        </p>
      )}
      {problem === undefined && hint !== "" && (
        <p class="hint" id={`${name}-note`}>
          {hint}
        </p>
      )}
    </div>
  );
}

function described(name: string, problem: Problem | undefined, hint = "") {
  const hasNote = problem !== undefined || hint !== "";
  return { "aria-invalid": problem !== undefined, ...(hasNote ? { "aria-describedby": `${name}-note` } : {}) };
}

function isWhole(field: NumberField): boolean {
  return field === "topK" || field === "maxTokens";
}
