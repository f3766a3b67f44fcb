import { didYouMean } from '../protocol/did-you-mean.ts';
import type { Mode, OrderedSubscription, Subscription } from './types.ts';

/** The order modes run in; `disabled` never runs. */
export const MODE_ORDER: readonly Mode[] = ['sequential', 'transform', 'audit', 'concurrent', 'fire_and_forget'];

export interface OrderRules {
  readonly highFirst: boolean;
  readonly tiesByName: boolean;
  /** Every plugin name there is: a name in before/after outside it is a warning. Left out: no such warnings. */
  readonly known?: ReadonlySet<string>;
}

export interface OrderFinding extends Wish {
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

export interface Order {
  readonly ordered: readonly OrderedSubscription[];
  /** Cycles and contradictions, one sentence each. */
  readonly problems: readonly string[];
  /** The same, and names in before/after that no plugin has as warnings, each with the one who asked. */
  readonly findings: readonly OrderFinding[];
  /** Subscriptions that are in no plan because their before/after close a circle. */
  readonly left: readonly { readonly subscription: Subscription; readonly reason: string }[];
}

/** `from` runs before `to`, because `owner` asked for it with `word`. */
interface Edge {
  readonly from: number;
  readonly to: number;
  readonly owner: number;
  readonly word: 'before' | 'after';
}

/** One name in a before or after. */
interface Wish {
  readonly subscription: Subscription;
  readonly word: 'before' | 'after';
}

type Nodes = readonly Subscription[];

/** Modes in their fixed order, inside a mode by priority, refined by before/after, ties by configuration or name. Pure. */
export function order(subscriptions: Nodes, rules: OrderRules): Order {
  const nodes = subscriptions.filter(({ mode }) => mode !== 'disabled').sort(comparer(rules));
  const findings: OrderFinding[] = [];
  const edges = edgesOf(nodes, rules, findings);
  const { sorted, circles } = sortWithoutCircles(nodes, edges);
  const left = circles.map(({ names, owner, word }) => ({
    subscription: nodes[owner] as Subscription,
    word,
    reason: `before and after go round in a circle: ${names}`,
  }));
  for (const { subscription, word, reason } of left) {
    findings.push({ severity: 'error', subscription, word, message: `Cannot place "${subscription.plugin}": ${reason}` });
  }
  const refused = Map.groupBy(
    findings.filter(({ severity }) => severity === 'error'),
    ({ subscription }) => subscription,
  );
  const why = explainer(nodes, edges, rules);
  return {
    ordered: sorted.map((index, place) => ({
      subscription: nodes[index] as Subscription,
      why: [...why(index, sorted[place - 1]), ...(refused.get(nodes[index] as Subscription) ?? []).map(({ message }) => message)],
    })),
    problems: findings.filter(({ severity }) => severity === 'error').map(({ message }) => message),
    findings,
    left: left.map(({ subscription, reason }) => ({ subscription, reason })),
  };
}

function comparer({ highFirst, tiesByName }: OrderRules): (a: Subscription, b: Subscription) => number {
  const byName = (a: string, b: string) => (a < b ? -1 : Number(a > b));
  return (a, b) =>
    MODE_ORDER.indexOf(a.mode) - MODE_ORDER.indexOf(b.mode) ||
    (highFirst ? b.priority - a.priority : a.priority - b.priority) ||
    (tiesByName ? byName(a.plugin, b.plugin) : 0) ||
    a.order - b.order;
}

/** Wishes that bind: both sides are here and in one mode. The rest are kept anyway, impossible, or about somebody unknown. */
function edgesOf(nodes: Nodes, rules: OrderRules, findings: OrderFinding[]): Edge[] {
  const byName = Map.groupBy(nodes.keys(), (index) => (nodes[index] as Subscription).plugin);
  const edges: Edge[] = [];
  const add = (severity: 'error' | 'warning', { subscription, word }: Wish, message: string) =>
    findings.push({ severity, subscription, word, message });
  const bind = (wish: Wish, owner: number, other: number) => {
    const [from, to] = wish.word === 'before' ? [owner, other] : [other, owner];
    const [first, second] = [nodes[from] as Subscription, nodes[to] as Subscription];
    if (first.mode === second.mode) edges.push({ from, to, owner, word: wish.word });
    else if (from > to) add('error', wish, contradiction(wish, { early: second, late: first }));
  };
  const grant = (owner: number, word: 'before' | 'after', name: string) => {
    const wish = { subscription: nodes[owner] as Subscription, word };
    const { plugin } = wish.subscription;
    if (name === plugin) add('error', wish, `Cannot place "${name}" ${word} itself: remove the name`);
    else if (byName.has(name)) for (const other of byName.get(name) ?? []) bind(wish, owner, other);
    else if (rules.known?.has(name) === false) {
      add('warning', wish, `"${plugin}" wants to run ${word} "${name}", but no plugin has that name${didYouMean(name, rules.known)}`);
    }
  };
  for (const [index, node] of nodes.entries()) {
    for (const name of node.before) grant(index, 'before', name);
    for (const name of node.after) grant(index, 'after', name);
  }
  return edges;
}

function contradiction({ subscription, word }: Wish, { early, late }: { early: Subscription; late: Subscription }): string {
  const other = subscription === early ? late : early;
  const cause = `mode ${early.mode} ("${early.plugin}") always runs before mode ${late.mode} ("${late.plugin}")`;
  return `Cannot place "${subscription.plugin}" ${word} "${other.plugin}": ${cause}`;
}

interface Circle {
  /** `"a" → "b" → "a"`. */
  readonly names: string;
  /** Of those whose own wishes close it, the one configured last: who came later cannot push a guard out of the plan. */
  readonly owner: number;
  readonly word: 'before' | 'after';
}

/** Each circle loses one of its members; then all is sorted anew, as if that one had never been there. */
function sortWithoutCircles(nodes: Nodes, edges: readonly Edge[]): { sorted: readonly number[]; circles: readonly Circle[] } {
  const circles: Circle[] = [];
  const left = new Set<number>();
  for (;;) {
    const binding = edges.filter(({ from, to }) => !left.has(from) && !left.has(to));
    const { sorted, circle } = sort(nodes, binding, left);
    if (circle === undefined) return { sorted, circles };
    circles.push(circle);
    left.add(circle.owner);
  }
}

/** Always takes the first node nobody must precede any more; stops at a circle. */
function sort(nodes: Nodes, edges: readonly Edge[], left: ReadonlySet<number>): { sorted: number[]; circle?: Circle } {
  const outgoing = Map.groupBy(edges, (edge) => edge.from);
  const incoming = Map.groupBy(edges, (edge) => edge.to);
  const waits = nodes.map((_, index) => incoming.get(index)?.length ?? 0);
  const waiting = new Set([...nodes.keys()].filter((index) => !left.has(index)));
  const sorted: number[] = [];
  let cursor = 0;
  while (waiting.size > 0) {
    while (cursor < nodes.length && !(waiting.has(cursor) && waits[cursor] === 0)) cursor++;
    if (cursor === nodes.length) {
      const [start] = waiting;
      const circle = findCircle(nodes, start as number, (node) => incoming.get(node)?.find(({ from }) => waiting.has(from)) as Edge);
      return { sorted, circle };
    }
    sorted.push(cursor);
    waiting.delete(cursor);
    for (const { to } of outgoing.get(cursor) ?? []) {
      waits[to] = (waits[to] as number) - 1;
      if (waits[to] === 0) cursor = Math.min(cursor, to);
    }
  }
  return { sorted };
}

function findCircle(nodes: Nodes, start: number, edgeTo: (node: number) => Edge): Circle {
  const path: Edge[] = [];
  const seenAt = new Map<number, number>();
  let node = start;
  while (!seenAt.has(node)) {
    seenAt.set(node, path.length);
    const edge = edgeTo(node);
    path.push(edge);
    node = edge.from;
  }
  const circle = path.slice(seenAt.get(node)).reverse();
  const names = [...circle, circle[0] as Edge].map((edge) => `"${(nodes[edge.from] as Subscription).plugin}"`).join(' → ');
  const orderOf = (edge: Edge) => (nodes[edge.owner] as Subscription).order;
  const last = circle.reduce((latest, edge) => (orderOf(edge) > orderOf(latest) ? edge : latest));
  return { names, owner: last.owner, word: last.word };
}

/** The reasons for each place, in plain words. */
function explainer(nodes: Nodes, edges: readonly Edge[], { tiesByName }: OrderRules) {
  const incoming = Map.groupBy(edges, (edge) => edge.to);
  const outgoing = Map.groupBy(edges, (edge) => edge.from);
  const name = (index: number) => `"${(nodes[index] as Subscription).plugin}"`;
  const relation = (index: number, { from, to, owner }: Edge): string[] => {
    if (owner === index) return [from === index ? `before ${name(to)}` : `after ${name(from)}`];
    return to === index ? [`after ${name(from)}, which asks to run before it`] : [];
  };
  return (index: number, previous: number | undefined): string[] => {
    const self = nodes[index] as Subscription;
    const mine = [...(incoming.get(index) ?? []), ...(outgoing.get(index) ?? [])];
    const before = previous === undefined ? undefined : nodes[previous];
    const isTie = before?.mode === self.mode && before.priority === self.priority && !mine.some(({ from }) => from === previous);
    return [
      `mode ${self.mode} ${origin(self.sources['mode'])}`,
      `priority ${self.priority} ${origin(self.sources['priority'])}`,
      ...mine.flatMap((edge) => relation(index, edge)),
      ...(isTie ? [`same priority as ${name(previous as number)}, ${tiesByName ? 'later by name' : 'later in the configuration'}`] : []),
    ];
  };
}

function origin(source: string | undefined): string {
  if (source === undefined || source === 'default') return 'by default';
  return source.startsWith('set ') ? `from ${source}` : `from the ${source}`;
}
