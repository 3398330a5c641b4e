// What the server gives in place of what is not for whoever asks. Operators see all: what reads so for them is so.
import { may } from './api.js';

export const hiddenWords = 'hidden from viewers';
export const isHidden = (value) => value === '(hidden)' && !may('operator');

// Of a text that begins with it, as what is tried again does, or ends with it.
export const hiddenSaid = (text) => (may('operator') ? text : text?.replace(/^\(hidden\)(?=;)|\(hidden\)$/, hiddenWords));
