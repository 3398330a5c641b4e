// What the server says of what is being typed, asked for when no key has been pressed for a moment.
import { useEffect, useState } from './ui.js';

const TYPED_MS = 250;

// ask(signal) is called anew when one of these values is another: {data, error}; nothing before the first answer. null: asks nothing.
export function useTyped(ask, values) {
	const [seen, setSeen] = useState({});
	useEffect(() => {
		const asked = new AbortController();
		const timer = ask && setTimeout(async () => {
			try {
				setSeen({ data: await ask(asked.signal) });
			} catch (error) {
				if (error.name !== 'AbortError')
					setSeen({ error });
			}
		}, TYPED_MS);
		return () => {
			clearTimeout(timer);
			asked.abort();
		};
	}, values);
	return seen;
}
