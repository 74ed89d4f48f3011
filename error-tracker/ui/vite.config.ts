import { serviceUi } from '@monlight/ui/vite';

export default serviceUi();
