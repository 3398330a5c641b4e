-- Who tells Prometheus something of the queue.
select tow_store.add_expositions('tow', '{{queues,tow_store.expose_queues},{system,tow_store.expose_system},{needs,tow_store.expose_needs}}');
