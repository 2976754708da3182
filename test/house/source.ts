// What does a source file say, once its comments, strings and patterns no longer get in the way?

/** Characters after which a slash starts a pattern and does not divide. */
const BEFORE_PATTERN = '(,=:[!&|?{};+-*%<>~^';
const WORDS_BEFORE_PATTERN = /\b(?:return|typeof|case|in|of|do|else)$/;

/** The text with everything inside comments, strings, templates and patterns turned into blanks. Same length. */
export function code(text: string): string {
  const out = text.split('');
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  for (let i = 0; i < text.length; ) {
    const end = endOfQuiet(text, i, out);
    if (end > i) blank(i, end);
    i = Math.max(end, i + 1);
  }
  return out.join('');
}

/** Where the comment, string, template or pattern that begins at `at` ends; `at` itself if none begins there. */
function endOfQuiet(text: string, at: number, before: readonly string[]): number {
  const two = text.slice(at, at + 2);
  if (two === '//') return upTo(text.indexOf('\n', at), text.length);
  if (two === '/*') return upTo(text.indexOf('*/', at) + 2, text.length);
  const c = text[at]!;
  if (c === "'" || c === '"') return endOfString(text, at, c);
  if (c === '`') return endOfTemplate(text, at);
  // The end of an element is no pattern: `<a />`, `</a>`.
  if (c !== '/' || text[at + 1] === '>' || text[at - 1] === '<') return at;
  const left = before
    .slice(Math.max(0, at - 200), at)
    .join('')
    .trimEnd();
  const starts = left === '' || BEFORE_PATTERN.includes(left.at(-1)!) || WORDS_BEFORE_PATTERN.test(left);
  return starts ? endOfPattern(text, at) : at;
}

const upTo = (found: number, end: number): number => (found <= 1 ? end : found);

function endOfString(text: string, at: number, quote: string): number {
  let i = at + 1;
  while (i < text.length && text[i] !== quote) i += text[i] === '\\' ? 2 : 1;
  return i + 1;
}

function endOfPattern(text: string, at: number): number {
  let inClass = false;
  let i = at + 1;
  for (; i < text.length && (inClass || text[i] !== '/'); i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === '[') inClass = true;
    else if (text[i] === ']') inClass = false;
  }
  return i + 1;
}

/** A template ends at its own back quote; what stands in `${}` may hold strings and templates of its own. */
function endOfTemplate(text: string, at: number): number {
  let i = at + 1;
  while (i < text.length && text[i] !== '`') {
    if (text[i] === '\\') i += 2;
    else if (text.startsWith('${', i)) i = endOfHole(text, i + 2);
    else i++;
  }
  return i + 1;
}

function endOfHole(text: string, at: number): number {
  let depth = 1;
  let i = at;
  for (; i < text.length && depth > 0; i++) {
    const c = text[i]!;
    if (c === '{') depth++;
    else if (c === '}') depth--;
    else if (c === '`') i = endOfTemplate(text, i) - 1;
    else if (c === "'" || c === '"') i = endOfString(text, i, c) - 1;
  }
  return i;
}

export interface Found {
  /** Counted from 1. */
  readonly line: number;
  readonly lines: number;
}

/**
 * Every function with a body in braces: where it begins (at its parameters) and how many lines it has. By
 * the look of what stands before a brace; an object after a colon may be taken for one, a function that is
 * one expression is not.
 */
export function functionsOf(text: string): readonly Found[] {
  const plain = code(text);
  const lineOf = lineNumbers(plain);
  const open: number[] = [];
  const found: Found[] = [];
  for (let i = 0; i < plain.length; i++) {
    if (plain[i] === '{') open.push(i);
    if (plain[i] !== '}') continue;
    const start = open.pop();
    const head = start === undefined ? -1 : headOf(plain, start);
    if (head >= 0) found.push({ line: lineOf(head), lines: lineOf(i) - lineOf(head) + 1 });
  }
  return found;
}

const CONTROL = /\b(?:if|for|while|switch|catch|with)\s*$/;
/** What may stand between parameters and body: a type. */
const TYPE = /^:[^;=]*$/;

/** Where the parameters of the function begin whose body opens at `brace`; -1 if it is no function. */
function headOf(plain: string, brace: number): number {
  let at = lastBefore(plain, brace);
  if (plain.slice(at - 1, at + 1) === '=>') at = lastBefore(plain, at - 1);
  else if (plain[at] !== ')') {
    const typed = typeBefore(plain, at);
    if (typed < 0) return -1;
    at = typed;
  } else if (CONTROL.test(plain.slice(Math.max(0, matching(plain, at) - 20), matching(plain, at)))) return -1;
  return plain[at] === ')' ? matching(plain, at) : at;
}

/** The parenthesis in front of a result type that ends at `at`; -1: no such type. */
function typeBefore(plain: string, at: number): number {
  for (let i = at; i >= 0; i--) {
    const c = plain[i]!;
    if (
      c === ')' &&
      TYPE.test(
        plain
          .slice(i + 1, at + 1)
          .replace(/=>/g, '')
          .trim(),
      )
    )
      return i;
    if (c === '}' || c === ']' || c === ')') i = matching(plain, i);
    else if (c === ';' || c === '{' || c === '(') return -1;
  }
  return -1;
}

function lastBefore(plain: string, at: number): number {
  let i = at - 1;
  while (i > 0 && /\s/.test(plain[i]!)) i--;
  return i;
}

const PAIRS: { readonly [close: string]: string } = { ')': '(', '}': '{', ']': '[' };

/** Where the bracket that closes at `at` was opened. */
function matching(plain: string, at: number): number {
  const [close, opens] = [plain[at]!, PAIRS[plain[at]!]!];
  let depth = 0;
  for (let i = at; i >= 0; i--) {
    if (plain[i] === close) depth++;
    else if (plain[i] === opens && --depth === 0) return i;
  }
  return 0;
}

function lineNumbers(text: string): (at: number) => number {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return at => {
    let low = 0;
    for (let high = starts.length - 1; low < high; ) {
      const mid = (low + high + 1) >> 1;
      if (starts[mid]! <= at) low = mid;
      else high = mid - 1;
    }
    return low + 1;
  };
}

export interface Import {
  readonly from: string;
  /** Gone after compilation: `import type`, `export type`. */
  readonly typeOnly: boolean;
}

const IMPORT = /^(?:import|export)(\s+type)?\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm;
const BARE = /^import\s*['"]([^'"]+)['"]/gm;
const LATE = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Everything that a file imports. */
export function importsOf(text: string): readonly Import[] {
  return [
    ...[...text.matchAll(IMPORT)].map(m => ({ from: m[2]!, typeOnly: m[1] !== undefined })),
    ...[...text.matchAll(BARE), ...text.matchAll(LATE)].map(m => ({ from: m[1]!, typeOnly: false })),
  ];
}
