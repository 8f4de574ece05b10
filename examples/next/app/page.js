import { Similarity } from './similarity.js';

export default function Page() {
  return <Similarity />;
}
