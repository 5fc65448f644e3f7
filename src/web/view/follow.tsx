// A region that scrolls and follows its end while it grows, unless the person scrolled up.
// Owns: telling the person's scrolling from the growing, and the way back to the end. Must not know: its content.

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { words } from "../state/words.ts";
import { IconButton } from "./button.tsx";

/** How near to the end the person has to come, in pixels, to follow it again. */
const NEAR = 32;

export function Follow({ jumpFor, children }: { jumpFor: string; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const isAway = useSignal(false);

  const jump = () => {
    isFollowing.current = true;
    isAway.value = false;
    box.current!.scrollTop = box.current!.scrollHeight;
  };

  useLayoutEffect(() => {
    const region = box.current!;
    let top = region.scrollTop;
    const gap = () => region.scrollHeight - region.scrollTop - region.clientHeight;
    const onScroll = () => {
      // Content that grows or shrinks moves nothing up but at the very end.
      if (region.scrollTop < top && gap() > 1) isFollowing.current = false;
      else if (region.scrollTop > top && gap() < NEAR) isFollowing.current = true;
      top = region.scrollTop;
      isAway.value = !isFollowing.current && gap() > NEAR;
    };
    // Before its scrolling is seen, a frame could move the view back.
    const onWheel = (event: WheelEvent) => {
      if (event.deltaY < 0 && region.scrollTop > 0) isFollowing.current = false;
    };
    const growth = new ResizeObserver(() => {
      if (isFollowing.current) region.scrollTop = region.scrollHeight;
      else isAway.value = gap() > NEAR;
    });
    growth.observe(content.current!);
    growth.observe(region);
    region.addEventListener("scroll", onScroll, { passive: true });
    region.addEventListener("wheel", onWheel, { passive: true });
    return () => growth.disconnect();
  }, []);
  // A new question is at the end.
  useLayoutEffect(jump, [jumpFor]);

  return (
    <div class="follow">
      <div class="scroll" ref={box}>
        <div ref={content}>{children}</div>
      </div>
      {isAway.value && <IconButton class="jump" icon="arrowDown" label={words.jumpToEnd} onClick={jump} />}
    </div>
  );
}
