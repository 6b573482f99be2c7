static inline __attribute__((always_inline)) unsigned int bpf_log2(unsigned int v)
{
	unsigned int r, shift;
	r = (v > 0xFFFF) << 4;
	v >>= r;
	shift = (v > 0xFF) << 3;
	v >>= shift;
	r |= shift;
	shift = (v > 0xF) << 2;
	v >>= shift;
	r |= shift;
	shift = (v > 0x3) << 1;
	v >>= shift;
	r |= shift;
	r |= (v >> 1);
	return r;
}

static inline __attribute__((always_inline)) unsigned int bpf_log2l(unsigned long v)
{
	unsigned int hi = v >> 32;
	if (hi)
		return bpf_log2(hi) + 32 + 1;
	return bpf_log2(v) + 1;
}

static inline __attribute__((always_inline)) unsigned int new_encode_dev(unsigned int dev)
{
	unsigned int major = dev >> 20, minor = dev & 0xfffff;
	return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

static inline __attribute__((always_inline)) struct inet_sock *inet_sk(const struct sock *sk)
{
	return (struct inet_sock *)sk;
}

static inline __attribute__((always_inline)) struct tcp_sock *tcp_sk(const struct sock *sk)
{
	return (struct tcp_sock *)sk;
}

static inline __attribute__((always_inline)) struct inet_connection_sock *inet_csk(
	const struct sock *sk)
{
	return (struct inet_connection_sock *)sk;
}

static inline __attribute__((always_inline)) struct inet_request_sock *inet_rsk(
	const struct request_sock *sk)
{
	return (struct inet_request_sock *)sk;
}

static inline __attribute__((always_inline)) struct tcp_request_sock *tcp_rsk(
	const struct request_sock *sk)
{
	return (struct tcp_request_sock *)sk;
}

static inline __attribute__((always_inline)) struct request_sock *inet_reqsk(const struct sock *sk)
{
	return (struct request_sock *)sk;
}

static inline __attribute__((always_inline)) unsigned char *skb_network_header(
	const struct sk_buff *skb)
{
	return skb->head + skb->network_header;
}

static inline __attribute__((always_inline)) unsigned char *skb_transport_header(
	const struct sk_buff *skb)
{
	return skb->head + skb->transport_header;
}

static inline __attribute__((always_inline)) struct iphdr *ip_hdr(const struct sk_buff *skb)
{
	return (struct iphdr *)(skb->head + skb->network_header);
}

static inline __attribute__((always_inline)) struct tcphdr *tcp_hdr(const struct sk_buff *skb)
{
	return (struct tcphdr *)(skb->head + skb->transport_header);
}

static inline __attribute__((always_inline)) struct mount *real_mount(struct vfsmount *mnt)
{
	return (struct mount *)((char *)mnt - __builtin_offsetof(struct mount, mnt));
}

static inline __attribute__((always_inline)) int sg_is_chain(struct scatterlist *sg)
{
	return (sg->page_link & 1) != 0;
}

static inline __attribute__((always_inline)) int sg_is_last(struct scatterlist *sg)
{
	return (sg->page_link & 2) != 0;
}

static inline __attribute__((always_inline)) struct scatterlist *sg_chain_ptr(
	struct scatterlist *sg)
{
	return (struct scatterlist *)(sg->page_link & ~3UL);
}
