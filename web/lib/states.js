// The states of a job, in the order in which they are shown.
export const live = ['running', 'ready', 'scheduled', 'retrying', 'waiting'];
export const finished = ['failed', 'completed', 'cancelled'];
