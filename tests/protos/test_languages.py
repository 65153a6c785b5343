"""Every contract says what it is called in the languages of those who build on it."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor_pb2 import FileOptions

from meshkit import contracts
from protos import languages

MODULES = {module.DESCRIPTOR.name: module for module in contracts.load_all()}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_contract_has_the_options_of_every_language(name: str) -> None:
    options: FileOptions = MODULES[name].DESCRIPTOR.GetOptions()
    said = {field.name: str(value) for field, value in options.ListFields()}
    wanted = {**languages.options_of(name), "java_multiple_files": "True"}
    assert said == wanted


def test_the_prefix_is_the_package_in_every_language() -> None:
    assert languages.options_of("segue/catalog/v1/catalog_service.proto") == {
        "csharp_namespace": "Segue.Catalog.V1",
        "go_package": "segue/catalog/v1;catalogv1",
        "java_multiple_files": "true",
        "java_outer_classname": "CatalogServiceProto",
        "java_package": "segue.catalog.v1",
        "objc_class_prefix": "SegueCatalogV1",
        "php_metadata_namespace": "Segue\\Catalog\\V1\\GPBMetadata",
        "php_namespace": "Segue\\Catalog\\V1",
        "ruby_package": "Segue::Catalog::V1",
        "swift_prefix": "SegueCatalogV1",
    }


def test_options_are_written_once_and_what_else_a_contract_says_stays() -> None:
    text = 'syntax = "proto3";\n\npackage segue.rec.v1;\n\n// A radio.\nmessage Radio {}\n'
    once = languages.with_options("segue/rec/v1/rec.proto", text)
    assert languages.with_options("segue/rec/v1/rec.proto", once) == once
    assert once.startswith('syntax = "proto3";\n\npackage segue.rec.v1;\n\noption csharp_')
    assert once.endswith('"SegueRecV1";\n\n// A radio.\nmessage Radio {}\n')
