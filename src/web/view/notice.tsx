// The short word to the person that passes by itself.
// Owns: its place on the page. Takes what notice.ts holds. Must not know: what it is about.

import { dismissNotice, notice } from "../state/notice.ts";
import { words } from "../state/words.ts";
import { IconButton } from "./button.tsx";
import { rescueFocus } from "./focus.ts";

/** Stands in the page, or in the dialog that is open: what lies behind a dialog is neither reached nor read out. */
export function Notices() {
  const shown = notice.value;
  return (
    <div role="status">
      {shown !== null && (
        <div class="notice">
          <span>{shown.text}</span>
          {shown.action !== undefined && (
            <button
              type="button"
              class="quiet-button"
              onClick={() => {
                shown.action?.run();
                dismiss();
              }}
            >
              {shown.action.label}
            </button>
          )}
          <IconButton icon="close" label={words.dismiss} onClick={dismiss} />
        </div>
      )}
    </div>
  );
}

function dismiss(): void {
  dismissNotice();
  rescueFocus();
}
