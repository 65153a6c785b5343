"""The calls of DeviceService, a module each."""
