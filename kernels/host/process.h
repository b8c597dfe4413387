// SPDX-License-Identifier: Apache-2.0
// Host only: what ST_PROCESS, ST_DATAFLOW_END and ST_EXPORT_LAUNCH of st/dataflow.h expand to.
#ifndef ST_HOST_PROCESS_H
#define ST_HOST_PROCESS_H

#include <new>
#include <type_traits>
#include <utility>

#include "launch.h"

namespace st {
namespace host {

template <class T, bool IS_CHANNEL = std::is_base_of<Channel, T>::value>
struct Attach {
  static void to(uint32_t, const T&) {}
};
template <class T>
struct Attach<T, true> {
  static void to(uint32_t process, const T& channel) {
    const st_host_api* api = launch().api;
    api->attach(api->context, process, channel.id());
  }
};
template <class T, int N>
struct Attach<T[N], false> {
  static void to(uint32_t process, const T (&channels)[N]) {
    for (int i = 0; i < N; ++i) Attach<T>::to(process, channels[i]);
  }
};

template <class F>
void call_process(void* argument) {
  (*static_cast<F*>(argument))();
}

// Declares a fiber that will call `f`, and which of `arguments` are channel ends of it.
template <class F, class... Arguments>
void add_process(const char* name, uint32_t stack_bytes, F f, const Arguments&... arguments) {
  Launch& current = launch();
  void* place = current.arena.take(sizeof(F));
  new (place) F(f);
  const uint32_t process =
      current.api->process(current.api->context, name, &call_process<F>, place, stack_bytes);
  const int attached[] = {(Attach<Arguments>::to(process, arguments), 0)...};
  (void)attached;
}

inline void run_processes() {
  Launch& current = launch();
  current.code = current.api->run(current.api->context);
}

template <class... Pointers, size_t... I>
void call_top(void (*top)(Pointers...), void* const* args, std::index_sequence<I...>) {
  top(static_cast<Pointers>(args[I])...);
}

// Calls the top function with its pointer arguments; returns the code of its run.
template <class... Pointers>
int32_t launch_top(void (*top)(Pointers...), const st_host_api* api, void* const* args) {
  if (api->version < ST_HOST_API_VERSION) return ST_LAUNCH_NEEDS_LATER_HOST;
  Launch& current = launch();
  current.api = api;
  current.code = 0;
  current.arena.reset();
  call_top(top, args, std::index_sequence_for<Pointers...>());
  current.api = nullptr;
  return current.code;
}

}  // namespace host
}  // namespace st

#endif
