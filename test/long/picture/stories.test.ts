// Is the story of each trace of the corpus what its schema says, and can each of its steps be drawn?
import { holdStories } from '../../picture/corpus-stories.js';

holdStories(1, 1);
