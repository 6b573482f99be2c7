// error: is not supported: BCC's packet parsing has no translation
int kprobe__f(struct __sk_buff *skb) {
    u8 *cursor = 0;
    struct ethernet_t *ethernet = cursor_advance(cursor, sizeof(*ethernet));
    return 0;
}
