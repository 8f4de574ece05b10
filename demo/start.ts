import { startPage } from './common/page.ts';

startPage();
