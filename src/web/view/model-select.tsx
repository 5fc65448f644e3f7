// The picker of a model, and the mark that says where a model runs.
// Owns: how models are named. Takes what is chosen; gives what is chosen next. Must not know: what it is chosen for.

import type { Route } from "../conversation.ts";
import { effectiveModel, models } from "../state/connection.ts";
import { words } from "../state/words.ts";
import { Icon } from "./icon.tsx";

interface ModelSelectProps {
  readonly label: string;
  /** "" stands for the first model. */
  readonly value: string;
  readonly onChoose: (id: string) => void;
}

export function ModelSelect({ label, value, onChoose }: ModelSelectProps) {
  const model = effectiveModel(value);
  const shown = model?.id ?? value;
  const isListed = model !== undefined;
  const routes = (["edge", "origin"] as const).filter((route) => models.value.some((m) => m.route === route));
  return (
    <div class="model">
      <div class="select">
        <select
          aria-label={label}
          value={shown}
          title={shown}
          onChange={(event) => onChoose(event.currentTarget.value)}
        >
          {!isListed && <option value={shown}>{shown || words.defaultModel}</option>}
          {routes.length > 1
            ? routes.map((route) => (
                <optgroup key={route} label={route === "edge" ? words.runsAtEdge : words.runsAtOrigin}>
                  <Options of={route} />
                </optgroup>
              ))
            : routes.map((route) => <Options key={route} of={route} />)}
        </select>
        <Icon name="chevron" />
      </div>
      {model !== undefined && <RouteBadge route={model.route} />}
    </div>
  );
}

function Options({ of }: { of: Route }) {
  return models.value
    .filter(({ route }) => route === of)
    .map(({ id }) => (
      <option key={id} value={id}>
        {id}
      </option>
    ));
}

export function RouteBadge({ route }: { route: Route }) {
  return (
    <span class={`badge ${route}`} title={route === "edge" ? words.runsAtEdge : words.runsAtOrigin}>
      {words[route]}
    </span>
  );
}
