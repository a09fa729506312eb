#pragma once
#include <curl/curl.h>

// Functions of variable arguments, which Swift does not import.
static inline CURLcode iwae_curl_set_long(CURL *curl, CURLoption option, long value) {
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

static inline CURLcode iwae_curl_get_offset(CURL *curl, CURLINFO info, curl_off_t *value) {
  return curl_easy_getinfo(curl, info, value);
}

static inline CURLcode iwae_curl_set_header(
    CURL *curl, size_t (*receive)(char *bytes, size_t size, size_t count, void *context)) {
  return curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, receive);
}

// Lets a transfer and its redirects use https, and http where plain is not 0.
static inline CURLcode iwae_curl_set_protocols(CURL *curl, int plain) {
#if LIBCURL_VERSION_NUM >= 0x075500
  const char *names = plain ? "http,https" : "https";
  CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, names);
  return code ? code : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, names);
#else
  // Before 7.85 the names are bits.
  long bits = plain ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS;
  CURLcode code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, bits);
  return code ? code : curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, bits);
#endif
}
