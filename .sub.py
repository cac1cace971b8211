def sub(p,*pairs):
    s=open(p).read()
    for a,b in pairs:
        if a not in s:
            print('MISSING',p,repr(a[:90])); continue
        s=s.replace(a,b)
    open(p,'w').write(s)
