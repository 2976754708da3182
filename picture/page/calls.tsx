// How does a list of a hundred thousand calls stay quick?
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import { useEffect, useReducer, useRef } from 'preact/hooks';
import type { StoryStep } from '../../conformance/index.js';

const ROW = 48;

/** Only the rows that can be seen are there. */
export function useRows(count: number, height: number) {
  const scroller = useRef<HTMLDivElement>(null);
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const kept = useRef<Virtualizer<HTMLDivElement, Element> | undefined>(undefined);
  kept.current ??= new Virtualizer<HTMLDivElement, Element>(options());
  const virtual = kept.current;
  virtual.setOptions(options());
  function options() {
    return {
      count,
      overscan: 8,
      getScrollElement: () => scroller.current,
      estimateSize: () => height,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      initialRect: { width: 400, height: 700 },
      onChange: () => draw(undefined as never),
    };
  }
  useEffect(() => virtual._didMount(), [virtual]);
  useEffect(() => virtual._willUpdate());
  return { scroller, virtual };
}

interface CallsProps {
  readonly steps: readonly StoryStep[];
  readonly at: number;
  readonly go: (at: number) => void;
  readonly name: string;
}

export function Calls({ steps, at, go, name }: CallsProps) {
  const { scroller, virtual } = useRows(steps.length, ROW);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' });
  }, [at, virtual]);
  const rows = virtual.getVirtualItems();
  const shown = rows.some(r => r.index === at);
  return (
    <div
      class="calls"
      ref={scroller}
      role="listbox"
      tabIndex={0}
      aria-label={`the calls of ${name}`}
      aria-activedescendant={shown ? `call-${at}` : undefined}
    >
      <div role="presentation" class="all" style={{ height: `${virtual.getTotalSize()}px` }}>
        {rows.map(row => (
          <Call
            key={String(row.index)}
            step={steps[row.index]!}
            index={row.index}
            of={steps.length}
            top={row.start}
            now={row.index === at}
            go={go}
          />
        ))}
      </div>
    </div>
  );
}

interface CallProps {
  readonly step: StoryStep;
  readonly index: number;
  readonly of: number;
  readonly top: number;
  readonly now: boolean;
  readonly go: (at: number) => void;
}

function Call({ step, index, of, top, now, go }: CallProps) {
  const bad = step.verdict === 'diverges';
  const refused = (step.outcome as { readonly is?: string }).is !== 'ok';
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are those of the whole list
    <div
      id={`call-${index}`}
      role="option"
      tabIndex={-1}
      aria-selected={now}
      aria-setsize={of}
      aria-posinset={index + 1}
      class={`call ${step.verdict}${now ? ' now' : ''}${step.setup ? ' setup' : ''}`}
      style={{ top: `${top}px`, height: `${ROW}px` }}
      onClick={() => go(index)}
    >
      <span class="n">{step.n}</span>
      <span class="what">
        <b>{step.call}</b> {step.fields}
      </span>
      <span class={`answer${bad ? ' wrong' : refused ? ' refused' : ''}`}>{step.answer}</span>
      <span class="rule">{bad ? 'not allowed' : step.rules.join(', ') || step.verdict}</span>
    </div>
  );
}
