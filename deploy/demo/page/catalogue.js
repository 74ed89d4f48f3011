// What the shop sells. Part of the demo's page; bundle.mjs puts it into one line, so that its source map has work to do.

const products = [
  { id: 1, name: 'Oolong', price: 9.5 },
  { id: 2, name: 'Sencha', price: 7.25 },
  { id: 3, name: 'Darjeeling', price: 8 },
];

function findProduct(id) {
  return products.find((product) => product.id === id);
}
