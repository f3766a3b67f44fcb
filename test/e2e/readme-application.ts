import { createHost, defineCatalog } from 'outrigger';

const shop = defineCatalog({
  name: 'shop',
  hooks: {
    order_placed: {
      description: 'Fires before an order is stored.',
      payload: {
        type: 'object',
        properties: { item: { type: 'string' }, quantity: { type: 'integer', minimum: 1 } },
        required: ['item', 'quantity'],
        additionalProperties: false,
      },
      allows: ['modify', 'block'],
      writable: ['/quantity'],
    },
  },
});

const host = await createHost({ catalogs: [shop], config: false });
host.on('shop.order_placed', ({ quantity }) => (quantity > 10 ? { action: 'modify', changes: { quantity: 10 } } : undefined));
const { status, payload } = await host.emit('shop.order_placed', { item: 'paddle', quantity: 12 });
process.stdout.write(`${status} ${payload.quantity}\n`); // continued 10
await host.close();
