# -Include, -Exclude and -Filter choose among paths what Copy-Item chooses; in folders, -Include and -Exclude go further.
BeforeDiscovery {
    $script:sameAsCopyItem = @(
        foreach ($path in 'src', 'src/*') {
            foreach ($patterns in @(
                    @{ Exclude = '*.txt' }, @{ Exclude = 'SUB', '*.LOG' }, @{ Exclude = 'sub' }, @{ Exclude = 'src' }, @{ Exclude = '[ab].*' }
                    @{ Exclude = '*' }, @{ Exclude = 'src/a*' }, @{ Exclude = 'sub/*' }, @{ Exclude = $null }, @{ Exclude = '' }, @{ Exclude = 'a.txt', '' }
                    @{ Include = '*.txt' }, @{ Include = '*.TXT', '*.log' }, @{ Include = 's*' }, @{ Include = '*' }, @{ Include = '*.none' }
                    @{ Include = $null }, @{ Include = '' }, @{ Include = @() }
                    @{ Filter = '*.txt' }, @{ Filter = '*.TXT' }, @{ Filter = '*' }, @{ Filter = '*.*' }, @{ Filter = 's*' }, @{ Filter = 'a?txt' }
                    @{ Filter = '?.*' }, @{ Filter = '[ab].txt' }, @{ Filter = '' }, @{ Filter = $null }, @{ Filter = '*.none' }
                    @{ Include = '*.txt'; Exclude = 'a*' }, @{ Include = 's*', '*.txt'; Exclude = '*.log', '[ab].*' }
                )) {
                $arguments = @{ Path = $path } + $patterns
                @{ Arguments = $arguments; Text = $arguments | ConvertTo-Json -Compress }
            }
        }

        foreach ($arguments in @(
                @{ Path = 'src/*'; Filter = '*.txt'; Include = 'a*' }, @{ Path = 'src/*'; Filter = '*.txt'; Exclude = 'a*' }
                @{ Path = 'src/*'; Filter = '*t'; Include = 'l*', 'n*'; Exclude = 'in*' }, @{ Path = 'src'; Filter = 'src'; Exclude = 'a*' }
                @{ Path = 'src/*'; Force = $true }, @{ Path = 'src/.*'; Force = $true }, @{ Path = 'src/*'; Force = $true; Filter = '*.txt' }
                @{ Path = 'src/*'; Force = $true; Exclude = '*.txt', '.hid' }, @{ Path = 'src/*', 'src/.hid/*'; Force = $true; Include = '.*', 'h.txt' }
                @{ Path = 'src/[ab].*'; Filter = '*.txt' }, @{ Path = 'src/s*/*'; Exclude = 'a*' }, @{ Path = 'src/s*', 'src/o*'; Filter = 'b*' }
                @{ Path = 'src/sub', 'src/other', 'src/c.md'; Exclude = '*.log' }, @{ Path = 'src/sub', 'src/other'; Include = 'o*' }
                @{ Path = 'src/sub/'; Include = 'sub' }, @{ Path = 'src/sub/'; Exclude = 'sub' }, @{ Path = 'src/../src/sub'; Exclude = '*.bin' }
                @{ Path = 'src/c.md'; Filter = '*.log' }, @{ Path = 'src/c.md'; Include = '*.log' }, @{ Path = 'src/c.md'; Exclude = '*.md' }
                @{ Path = 'src/`[q`].txt'; Filter = '*.log' }, @{ Path = 'src/`[q`].txt'; Include = '*q*' }, @{ Path = 'src/a b.txt'; Exclude = 'a*' }
                @{ LiteralPath = 'src'; Filter = '*.txt' }, @{ LiteralPath = 'src'; Filter = '*.TXT' }, @{ LiteralPath = 'src'; Exclude = '*.txt' }
                @{ LiteralPath = 'src/x[1]'; Exclude = '*.txt' }, @{ LiteralPath = 'src/[q].txt'; Filter = '*.log' }, @{ LiteralPath = 'src/a.txt'; Exclude = 'a*' }
            )) {
            @{ Arguments = $arguments; Text = $arguments | ConvertTo-Json -Compress }
        }
    )

    # In folders, -Include and -Exclude choose by patterns of their own.
    $script:sameInFolders = @($sameAsCopyItem | Where-Object {
            $patterns = @($_.Arguments.Include) + @($_.Arguments.Exclude) | Where-Object { $_ }
            -not $patterns -or -not (Compare-Object $patterns @('*')) -or -not (Compare-Object $patterns @('src')) -or -not (Compare-Object $patterns @('src/a*'))
        })
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    Import-Module "$PSScriptRoot/../../out/Splice"
    # In memory: a journal would take most of the time.
    $script:folder = Add-MemoryFolder
    foreach ($name in @(
            'a.txt', 'A.TXT', 'b.log', 'c.md', 'noext', '.dot.txt', '[q].txt', 'a b.txt', 'x[1]/a.txt', '.hid/h.txt', 'empty/none.tmp'
            'sub/a.txt', 'sub/B.LOG', 'sub/deep/a.txt', 'sub/deep/z.bin', 'sub/sub/A.txt', 'other/b.log', 'logs.txt/in.txt', 'logs.txt/in.log'
        )) {
        $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName("$folder/src/$name"))
        [IO.File]::WriteAllText("$folder/src/$name", $name)
    }

    # Get-Tree of both, with one find.
    function Assert-SameTree {
        $entries = find ours theirs -mindepth 1 '(' -type d -printf '%H %y %m 0 %P\n' -o -printf '%H %y %m %s %P %l\n' ')'
        $ours, $theirs = foreach ($name in 'ours ', 'theirs ') { , @($entries | Where-Object { $_.StartsWith($name) } | ForEach-Object Substring $name.Length | Sort-Object -CaseSensitive) }
        $ours | Should -Be $theirs
    }
}

AfterAll {
    Remove-Item -Recurse -Force $folder
}

Describe 'What is chosen' {
    BeforeEach {
        Push-Location -LiteralPath $folder
        $null = New-Item -ItemType Directory theirs, ours
    }

    AfterEach {
        Remove-Item -Recurse -Force theirs, ours
        Pop-Location
    }

    It 'is what Copy-Item chooses: <Text>' -ForEach $sameInFolders {
        Copy-Item @Arguments -Destination theirs -Recurse
        Copy-ItemZeroCopy @Arguments -Destination ours -Recurse
        Assert-SameTree
    }

    It 'is what Copy-Item chooses among files: <Text>' -ForEach @($sameAsCopyItem | Where-Object { $_.Arguments.Path -eq 'src/*' }) {
        Copy-Item @Arguments -Destination theirs -ErrorAction SilentlyContinue
        Copy-ItemZeroCopy @Arguments -Destination ours -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed.FullyQualifiedErrorId | Sort-Object -Unique | Should -BeIn 'SourceIsDirectory,Splice.Commands.CopyItemZeroCopyCommand', $null
        find ours -type f -printf '%P %s\n' | Sort-Object | Should -Be (find theirs -type f -printf '%P %s\n' | Sort-Object)
    }

    It 'is what Copy-Item chooses, where the destination is not there' {
        Copy-Item src theirs/new -Recurse -Filter *o*
        Copy-ItemZeroCopy src ours/new -Recurse -Filter *o*
        Assert-SameTree
        (Get-ChildItem ours/new).Name | Should -Contain 'noext'
    }

    It 'is what Copy-Item chooses of what the pipeline brings' {
        Get-ChildItem src | Copy-Item -Destination theirs -Recurse -Filter *.txt
        Get-ChildItem src | Copy-ItemZeroCopy -Destination ours -Recurse -Filter *.txt
        Assert-SameTree
        $null = New-Item -ItemType Directory theirs/more, ours/more
        'src/*' | Copy-Item -Destination theirs/more -Recurse -Filter *.log
        'src/*' | Copy-ItemZeroCopy -Destination ours/more -Recurse -Filter *.log
        Assert-SameTree
    }

    # Copy-Item applies none of these two to a folder that -LiteralPath or the pipeline gives it.
    It '-Include and -Exclude apply to every path that is given' {
        Get-ChildItem src | Copy-ItemZeroCopy -Destination ours -Recurse -Include s*, *.md -Exclude *.bin
        (Get-ChildItem ours).Name | Should -BeExactly 'sub', 'c.md'
        'ours/sub/deep/a.txt' | Should -Exist
        'ours/sub/deep/z.bin' | Should -Not -Exist
        Copy-ItemZeroCopy -LiteralPath src/other, src/x[1] -Destination ours -Recurse -Exclude x*
        'ours/x[1]', 'ours/other' | ForEach-Object { Test-Path -LiteralPath $_ } | Should -Be $false, $true
    }

    # Copy-Item with -Exclude or -Include asks -Filter about the folder's own name too, and copies nothing.
    It '-Filter does not ask about a folder that is named' {
        Copy-ItemZeroCopy src ours -Recurse -Filter *.txt -Exclude [aA]*
        find ours/src -type f -printf '%P\n' | Sort-Object | Should -Be '.dot.txt', '.hid/h.txt', '[q].txt', 'logs.txt/in.txt'
    }

    It 'counts in the result; what is left out is no error' {
        $result = Copy-ItemZeroCopy src ours -Recurse -Filter *.log
        $result.FileCount | Should -Be 3
        $result.Failed | Should -Be 0
        $result.DirectoryCount | Should -Be @(find src -type d).Count
        $nothing = Copy-ItemZeroCopy src ours/no -Recurse -Include nothing -WarningAction SilentlyContinue
        $nothing.FileCount, $nothing.DirectoryCount | Should -Be 0, 0
        'ours/no' | Should -Not -Exist
    }

    It 'leaves links out by their own names' {
        $null = New-Item -ItemType Directory links
        ln -s ../src/a.txt links/keep.md
        ln -s ../src/c.md links/drop.txt
        ln -s ../src/sub links/folder.txt
        Copy-ItemZeroCopy links ours -Recurse -Exclude *.txt
        find ours/links -mindepth 1 -printf '%P\n' | Should -Be 'keep.md'
        Copy-ItemZeroCopy links ours/followed -Recurse -Exclude *.txt -FollowSymlink
        # What leads to a folder is one.
        find ours/followed -mindepth 1 -printf '%P\n' | Should -Be 'keep.md'
        Remove-Item -Recurse links
    }

    It 'is the same in Turkish: <_>' -ForEach 'Include', 'Exclude' {
        $before = [cultureinfo]::CurrentCulture
        [cultureinfo]::CurrentCulture = 'tr-TR'
        try {
            $names = @{ $_ = 'IN.*' }
            Copy-ItemZeroCopy src/logs.txt/* ours @names
        }
        finally {
            [cultureinfo]::CurrentCulture = $before
        }

        @(Get-ChildItem ours).Count | Should -Be @{ Include = 2; Exclude = 0 }[$_]
    }
}
