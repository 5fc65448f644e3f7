// Where the focus goes when what had it is gone: never back to the top of the page.
// Owns: that rule. Must not know: what went.

import { isNarrow } from "../state/panels.ts";

/** The field that a question is written in. */
export const COMPOSER_ID = "message";
/** What the open tab shows. */
export const PANEL_ID = "panel";

/**
 * Gives the focus to what `find` finds once the page has been drawn anew, else to the composer; on a small screen, where
 * that would open a keyboard, to the panel. What has the focus keeps it.
 */
export function rescueFocus(find: () => Element | null | undefined = () => null): void {
  requestAnimationFrame(() => {
    if (document.activeElement !== document.body) return;
    const target = find() ?? document.getElementById(isNarrow.value ? PANEL_ID : COMPOSER_ID);
    if (target instanceof HTMLElement) target.focus();
  });
}
