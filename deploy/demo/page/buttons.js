// What the buttons of the demo's page do. Nothing is caught: that is the SDK's job.

const said = document.querySelector('#said');

function on(id, what, act) {
  document.querySelector(id).addEventListener('click', () => {
    said.textContent = what;
    return act();
  });
}

on('#add', 'There is no such tea; the page has thrown a TypeError.', () => addToCart(99, 1));
on('#voucher', 'The voucher could not be read; the page has thrown a SyntaxError.', () => applyVoucher('{discount: 0.1}'));
on('#checkout', 'The form has no such field; the page has thrown a TypeError.', () => openCheckout(document.createElement('form')));
on('#pay', 'The shop was asked to take your money; now and then it refuses.', () => pay());
on('#measure', 'One sale was counted: the metric page_sales_total.', () => Monlight.client.counter('page_sales_total', 1, { tea: 'oolong' }));
