// The cart, with the mistakes that the demo is about.

const cart = [];

function addToCart(id, amount) {
  cart.push({ product: findProduct(id), amount });
  return total();
}

function total() {
  return cart.reduce((sum, { product, amount }) => sum + product.price * amount, 0);
}

function applyVoucher(code) {
  const voucher = JSON.parse(code);
  return total() * (1 - voucher.discount);
}

function openCheckout(form) {
  form.elements.namedItem('street').focus();
}

async function pay() {
  const answer = await fetch('checkout', { method: 'POST', body: JSON.stringify(cart) });
  if (!answer.ok) {
    throw new RangeError('payment was refused');
  }
}
