import { serviceUi } from './vite/recipe.ts';

export default serviceUi();
