/* SPDX-License-Identifier: Apache-2.0
 *
 * What a driver library (card_xrt.so, card_emulated.so) exports: one C symbol that returns a table of
 * functions. No C++ type crosses this border and nothing throws over it: the two libraries hold two
 * implementations of the same C++ classes, which must never meet. library_card.h wraps the table as a Card.
 *
 * Functions return an st_card_code. On anything but ST_CARD_OK they write a message for a person into
 * `error` (always terminated). A card is used by one thread at a time. Pointers handed in are not kept.
 */
#ifndef STREAMTENSOR_RUNTIME_DRIVER_LIBRARY_DRIVER_ABI_H
#define STREAMTENSOR_RUNTIME_DRIVER_LIBRARY_DRIVER_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ST_DRIVER_ABI_VERSION 3u
#define ST_DRIVER_SYMBOL "st_driver"

/* Values of absl::StatusCode, so that the loader only casts. */
enum st_card_code {
  ST_CARD_OK = 0,
  ST_CARD_INVALID_ARGUMENT = 3,
  ST_CARD_DEADLINE_EXCEEDED = 4,
  ST_CARD_NOT_FOUND = 5,
  ST_CARD_RESOURCE_EXHAUSTED = 8,
  ST_CARD_FAILED_PRECONDITION = 9,
  ST_CARD_INTERNAL = 13,
  ST_CARD_UNAVAILABLE = 14
};

#define ST_CARD_ERROR_BYTES 4096
typedef struct st_card_error {
  char message[ST_CARD_ERROR_BYTES];
} st_card_error;

typedef struct st_card st_card;               /* an open card */
typedef struct st_card_buffer st_card_buffer; /* a buffer of one card */

typedef struct st_card_open_options {
  uint32_t index;
  uint32_t strict_sync;     /* 1: see CardConfig::strict_sync */
  const char* bdf;          /* instead of index; NULL or "": use index */
  const char* platform;     /* "u55c" */
  const char* card_program; /* path of streamtensor-card; ignored by card_xrt */
  uint32_t threads;         /* of an emulated card: 1 or 2; ignored by card_xrt */
} st_card_open_options;

typedef struct st_card_process_time {
  const char* name;
  uint64_t nanoseconds;
  uint64_t switches;
} st_card_process_time;

/* See RunReport. The pointers belong to the card and are valid until its next call. */
typedef struct st_card_run_report {
  double card_seconds;
  double modelled_seconds;
  double joules;
  uint64_t modelled_cycles;
  uint64_t launch_nanoseconds;
  const st_card_process_time* processes;
  uint32_t process_count;
  uint32_t modelled; /* 0 or 1, as are the next two */
  uint32_t joules_known;
  uint32_t joules_measured;
} st_card_run_report;

/* See CardSensors. The strings belong to the card and are valid until its next call. */
typedef struct st_card_sensors {
  double power_watts;
  double temperature_celsius;
  uint32_t power_known;
  uint32_t power_measured;
  uint32_t temperature_known;
  uint32_t reserved;
  const char* electrical_json;
  const char* thermal_json;
} st_card_sensors;

enum st_card_direction { ST_CARD_TO_CARD = 0, ST_CARD_FROM_CARD = 1 };

typedef struct st_driver_table {
  uint32_t abi_version;  /* ST_DRIVER_ABI_VERSION */
  uint32_t struct_bytes; /* sizeof(st_driver_table) */
  const char* name;      /* "emulated" or "xrt" */

  int32_t (*open)(const st_card_open_options* options, st_card** card, st_card_error* error);
  void (*close)(st_card* card);
  /* The caller has validated the bytes (artifact/xclbin/validate.h). */
  int32_t (*load_xclbin)(st_card* card, const void* data, uint64_t bytes, const char* kernel,
                         st_card_error* error);
  /* *host: the buffer's host side, valid until release(). */
  int32_t (*allocate)(st_card* card, uint32_t argument, uint64_t bytes, st_card_buffer** buffer, void** host,
                      st_card_error* error);
  void (*release)(st_card* card, st_card_buffer* buffer);
  int32_t (*sync)(st_card* card, st_card_buffer* buffer, uint32_t direction, uint64_t offset, uint64_t bytes,
                  st_card_error* error);
  int32_t (*set_argument)(st_card* card, uint32_t argument, st_card_buffer* buffer, st_card_error* error);
  int32_t (*run)(st_card* card, uint64_t timeout_ms, st_card_run_report* report, st_card_error* error);
  int32_t (*read_sensors)(st_card* card, st_card_sensors* sensors, st_card_error* error);
  int32_t (*reset)(st_card* card, st_card_error* error);
  int64_t (*process_id)(st_card* card); /* 0: not a process */
} st_driver_table;

/* The library's one symbol. The table is constant and lives as long as the library. */
typedef const st_driver_table* (*st_driver_function)(void);

#ifdef __cplusplus
}
#endif
#endif
