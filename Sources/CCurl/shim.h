#pragma once
#include <curl/curl.h>

// Functions of variable arguments, which Swift does not import.
static inline CURLcode iwae_curl_set_long(CURL *curl, CURLoption option, long value) {
  return curl_easy_setopt(curl, option, value);
}

static inline CURLcode iwae_curl_set_offset(CURL *curl, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(curl, option, value);
}

static inline CURLcode iwae_curl_set_text(CURL *curl, CURLoption option, const char *value) {
  return curl_easy_setopt(curl, option, value);
}

static inline CURLcode iwae_curl_set_pointer(CURL *curl, CURLoption option, void *value) {
  return curl_easy_setopt(curl, option, value);
}

static inline CURLcode iwae_curl_set_write(
    CURL *curl, size_t (*receive)(char *bytes, size_t size, size_t count, void *context)) {
  return curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
}

static inline CURLcode iwae_curl_set_progress(
    CURL *curl, int (*report)(void *context, curl_off_t download_total, curl_off_t downloaded,
                              curl_off_t upload_total, curl_off_t uploaded)) {
  return curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, report);
}

static inline CURLcode iwae_curl_get_long(CURL *curl, CURLINFO info, long *value) {
  return curl_easy_getinfo(curl, info, value);
}

static inline CURLcode iwae_curl_get_offset(CURL *curl, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(curl, info, value);
}
