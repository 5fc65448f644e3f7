// A dialog over the page: it holds the focus while it is open, and gives it back.
// Owns: opening as modal, and closing by Esc, by its button or by a click beside it. Must not know: its content.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { openDialogs } from "../state/panels.ts";
import { words } from "../state/words.ts";
import { IconButton } from "./button.tsx";
import { Notices } from "./notice.tsx";

interface DialogProps {
  readonly label: string;
  readonly onClose: () => void;
  /** `center`, or a side that it slides in from. */
  readonly place: "center" | "start" | "end";
  readonly children: ComponentChildren;
}

export function Dialog({ label, onClose, place, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const shown = dialog.current!;
    shown.showModal();
    openDialogs.value++;
    return () => {
      openDialogs.value--;
      // The browser gives the focus back to where it was, if the dialog is closed before it goes.
      shown.close();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the dialog does what Esc does
    <dialog
      ref={dialog}
      class={`dialog ${place}`}
      aria-label={label}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="dialog-content">{children}</div>
      <Notices />
    </dialog>
  );
}

/** The line on top of a dialog or panel: what it is, and closing it. */
export function PanelTitle({ title, onClose }: { title: string; onClose: () => void }) {
  return (
    <header class="panel-title">
      <h2>{title}</h2>
      <IconButton icon="close" label={words.close} onClick={onClose} />
    </header>
  );
}
