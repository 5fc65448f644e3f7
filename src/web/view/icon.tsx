// The icons: a few lines each, on a grid of 24, in the colour of the text around them.
// Owns: their shapes. They say nothing to a screen reader: whatever has an icon has a label.

const SHAPES = {
  alert: "M12 8v5M12 16.5v.01M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 1 1 0-17",
  arrowDown: "M12 5v14M6 13l6 6 6-6",
  arrowUp: "M12 19V5M6 11l6-6 6 6",
  check: "M5 12.5l4.5 4.5L19 7.5",
  chevron: "M7.5 10l4.5 4.5 4.5-4.5",
  clock: "M12 7.5V12l3 2M12 3.5a8.5 8.5 0 1 1 0 17a8.5 8.5 0 1 1 0-17",
  close: "M6.5 6.5l11 11M17.5 6.5l-11 11",
  code: "M8.5 7.5L4 12l4.5 4.5M15.5 7.5L20 12l-4.5 4.5",
  copy: "M9 9h10.5v10.5H9zM5.5 15H4.5V4.5H15v1",
  download: "M12 4v11M7 10.5l5 5 5-5M5 20h14",
  panel: "M4 5h16v14H4zM9.5 5v14",
  pencil: "M4.5 19.5h4l10.5-10.5-4-4L4.5 15.5zM13 7l4 4",
  plus: "M12 5v14M5 12h14",
  redo: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3l2.2 2.2M19.5 4v5h-5",
  search: "M11 4.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13M15.8 15.8L20 20",
  settings: "M4 7.5h8.5M17.5 7.5H20M4 16.5h2.5M11.5 16.5H20M15 5v5M9 14v5",
  stop: "M7.5 7.5h9v9h-9z",
  trash: "M5 7h14M9.5 7V4.5h5V7M7 7l.8 12.5h8.4L17 7M10.3 11v5M13.7 11v5",
  upload: "M12 15.5v-11M7 9.5l5-5 5 5M5 20h14",
} as const;

export type IconName = keyof typeof SHAPES;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={SHAPES[name]} />
    </svg>
  );
}
