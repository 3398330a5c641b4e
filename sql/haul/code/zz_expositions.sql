-- Who tells Prometheus something of downloads.
select tow_store.add_expositions('haul', '{{downloads,haul_store.expose}}');
