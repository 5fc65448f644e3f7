// Buttons: with an icon alone, and the one that copies.
// Owns: their labels' place (read by a screen reader, shown when pointed at). Must not know: what they do.

import { useSignal } from "@preact/signals";
import type { ComponentChildren, Ref } from "preact";
import { notify } from "../state/notice.ts";
import { words } from "../state/words.ts";
import { copyText } from "./clipboard.ts";
import { Icon, type IconName } from "./icon.tsx";

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly class?: string;
  readonly isExpanded?: boolean;
  readonly buttonRef?: Ref<HTMLButtonElement>;
}

export function IconButton({ icon, label, onClick, isExpanded, buttonRef = null, ...rest }: IconButtonProps) {
  const state = isExpanded === undefined ? {} : { "aria-expanded": isExpanded };
  return (
    <button
      type="button"
      ref={buttonRef}
      class={`icon-button ${rest.class ?? ""}`}
      aria-label={label}
      title={label}
      onClick={onClick}
      {...state}
    >
      <Icon name={icon} />
    </button>
  );
}

const DONE_SHOWN_MS = 1500;

/** Copies what `text` gives when it is pressed; with children it shows them beside its icon. */
export function CopyButton({
  text,
  label,
  children,
}: {
  text: () => string;
  label: string;
  children?: ComponentChildren;
}) {
  const isDone = useSignal(false);
  const copy = async () => {
    isDone.value = await copyText(text());
    if (!isDone.value) return notify(words.copyFailed);
    setTimeout(() => {
      isDone.value = false;
    }, DONE_SHOWN_MS);
  };
  const icon = isDone.value ? "check" : "copy";
  if (children === undefined) return <IconButton icon={icon} label={label} onClick={copy} />;
  return (
    <button type="button" class="button" onClick={copy}>
      <Icon name={icon} />
      {children}
    </button>
  );
}
