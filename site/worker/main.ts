// What does the worker do with a question of the page?

import { judging } from './judging.js';
import type { Answer, Question } from './messages.js';
import { searching, worldsOf } from './searching.js';

const say = (answer: Answer): void => postMessage(answer);

async function answer(question: Question): Promise<void> {
  switch (question.is) {
    case 'worlds':
      return say({ is: 'worlds', worlds: worldsOf(question.profile) });
    case 'search':
      return searching(question, say);
    case 'judge':
      return judging(question, say);
  }
}

addEventListener('message', event => {
  answer(event.data as Question).catch((error: unknown) =>
    say({ is: 'failed', says: error instanceof Error ? error.message : String(error) }),
  );
});
