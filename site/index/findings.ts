// How does a document in Markdown become what a page can draw, without one word of it being markup?
import { lexer, type Token, type Tokens } from 'marked';
import type { Prose } from './parcel-names.js';

/** The blocks of a document. */
export const proseOf = (document: string): readonly Prose[] => lexer(document).flatMap(prose);

function prose(token: Token): readonly Prose[] {
  switch (token.type) {
    case 'space':
      return [];
    case 'table':
      return [tableOf(token as Tokens.Table)];
    case 'link':
      return [{ is: 'link', href: (token as Tokens.Link).href, inside: insideOf(token) }];
    case 'codespan':
      return [{ is: 'code', text: (token as Tokens.Codespan).text }];
    case 'heading':
      return [{ is: `h${(token as Tokens.Heading).depth}`, inside: insideOf(token) }];
    case 'list':
      return [{ is: 'list', inside: (token as Tokens.List).items.flatMap(prose) }];
    case 'text':
    case 'escape':
      return 'tokens' in token && token.tokens !== undefined
        ? token.tokens.flatMap(prose)
        : [{ is: 'text', text: unescaped((token as Tokens.Text).text) }];
    default:
      return [{ is: token.type, inside: insideOf(token) }];
  }
}

const insideOf = (token: Token): readonly Prose[] =>
  'tokens' in token ? (token.tokens ?? []).flatMap(prose) : [];

const tableOf = ({ header, rows }: Tokens.Table): Prose => ({
  is: 'table',
  head: header.map(cell => cell.tokens.flatMap(prose)),
  rows: rows.map(row => row.map(cell => cell.tokens.flatMap(prose))),
});

/** The lexer leaves references of characters as they are. */
const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
