# SPDX-License-Identifier: Apache-2.0
def pytest_addoption(parser):
    parser.addoption("--probe", required=True, help="the program tokenizer_probe")
