-- Streams of a device are told apart by when they were opened, by this store and no clock.
CREATE SEQUENCE device_streams;
