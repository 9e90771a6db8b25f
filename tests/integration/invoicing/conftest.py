from tests.integration.vendors.conftest import emulator, vendor_emulator

__all__ = ["emulator", "vendor_emulator"]
