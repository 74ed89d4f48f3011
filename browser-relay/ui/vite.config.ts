import { serviceUi } from '../../shared/ui/vite/recipe.ts';

export default serviceUi();
