# The words of everything that users read: the help, the README, the changelog, the manifest, the examples, the performance pages.

BeforeDiscovery {
    $root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")

    # Patterns that read like a translation, with a sentence that has each and the better words.
    $banned = @(
        @{ Pattern = '\b(tells?|told|telling)\b'; Bad = 'The result tells how many.'; Use = 'report, return' }
        @{ Pattern = '\b(say|says|said|saying)\b'; Bad = 'A mount point, say.'; Use = 'report, specify; for example' }
        @{ Pattern = '\b(asks?|asked|asking)\b'; Bad = 'It was not asked for.'; Use = 'query, request, prompt' }
        @{ Pattern = '\b(knows?|knew)\b'; Bad = 'Hosts as ssh knows them.'; Use = 'support; unknown' }
        @{ Pattern = '\bwants?\b'; Bad = 'The next one does not want more.'; Use = 'need, read' }
        @{ Pattern = '\bserve[sd]?\b'; Bad = 'No method serves.'; Use = 'available, supported' }
        @{ Pattern = '\b(who|whoever|whom|whose eyes)\b'; Bad = 'Whoever reads it waits.'; Use = 'the reader, a process, a user' }
        @{ Pattern = '\b(some|no|any)body\b'; Bad = 'Somebody writes to it.'; Use = 'another process, another user' }
        @{ Pattern = '(?<!\bthere )\b(is|are|was|were|be) (no|none)\b'; Bad = 'That is no error.'; Use = 'is not a' }
        @{ Pattern = '\b(is|are) the error\b|\ban error of its own\b'; Bad = 'It is the error NoMatch.'; Use = 'causes the error, fails with the error' }
        @{ Pattern = '\bgo(es|ne|ing)? on\b'; Bad = 'The copy goes on.'; Use = 'resume, continue' }
        @{ Pattern = '\banew\b|\b(makes?|made|making) again\b'; Bad = 'It is made again.'; Use = 'recreate, retry' }
        @{ Pattern = '\bthat (is|are|was|were) there\b|\b(is|are) not there\b|\bwhat (is|was) there\b'; Bad = 'A file that is there.'; Use = 'existing, missing' }
        @{ Pattern = '\bwhat (may|can) pass\b|\bpasses by itself\b'; Bad = 'It failed of what may pass.'; Use = 'a transient error' }
        @{ Pattern = '\bwhat becomes of\b'; Bad = 'What becomes of holes.'; Use = 'how ... are written' }
        @{ Pattern = '\bas many as can\b'; Bad = 'Default: as many as can be.'; Use = 'unlimited' }
        @{ Pattern = '\bprocessor time\b'; Bad = 'The processor time.'; Use = 'CPU time' }
        @{ Pattern = '\bin one step\b'; Bad = 'It gets its name in one step.'; Use = 'atomically' }
        @{ Pattern = "\b(takes?|took|taking) (the|its|their|another|the old one's) place\b|\bin the place\b"; Bad = 'It takes its place.'; Use = 'replace' }
        @{ Pattern = '\b(passing|hidden|staged|unfinished) (name|copy)s?\b|\b(passing|staged|unfinished) (file|folder)s?\b'
            Bad = 'A staged file.'; Use = 'temporary file, partial file' }
        @{ Pattern = '\b(is|are) (written|cut) into\b'; Bad = 'The file is written into.'; Use = 'written in place' }
        @{ Pattern = '\bfiles? of (its|their) own\b'; Bad = 'They become files of their own.'; Use = 'hard links are not preserved' }
        @{ Pattern = '\bpieces?\b'; Bad = 'In pieces of 1 MiB.'; Use = 'chunk, extent, part' }
        @{ Pattern = '\brefus(e|es|ed|als?)\b'; Bad = 'One that refuses.'; Use = 'unsupported; denied' }
        @{ Pattern = '\bcures?\b|\bmends?\b|\bmended\b|\bweakness(es)?\b'; Bad = 'Cause and cure.'; Use = 'recommended action; fix; vulnerability' }
        @{ Pattern = '\bnot to be had\b'; Bad = 'It is not to be had.'; Use = 'unsupported' }
        @{ Pattern = '\b(ladder|crew|ledger|inlet|outlet|litter)s?\b'; Bad = 'No litter.'; Use = 'the term of the field' }
        @{ Pattern = '\bas (it|they) stands?\b'; Bad = 'Every character as it stands.'; Use = 'literally' }
        @{ Pattern = '\b(meanwhile|shall)\b'; Bad = 'It shall go.'; Use = 'during the copy; is to, must' }
        @{ Pattern = '\bcomes? about\b|\bone behind the other\b|\ball the same\b'; Bad = 'It comes about.'; Use = 'connect; join; anyway' }
        @{ Pattern = '<(summary|returns|remarks|value|param\b[^>]*)>\s*(what|whatever|whether|how|who|which|where to)\b'
            Bad = '<param name="x"> Whether it is compared.'; Use = 'a noun or a verb of the field' }
        @{ Pattern = "\b(leave|leaves|leaving) (?:[^\s.;]+ ){1,4}out\b|\bleft out\b"; Bad = 'Leave -Verify out.'; Use = 'omit, skip, exclude' }
        @{ Pattern = '\bstart it again\b'; Bad = 'Start it again.'; Use = 'Run the command again' }
        @{ Pattern = "\bkernel's log\b"; Bad = "See the kernel's log."; Use = 'Check the kernel log (dmesg)' }
        @{ Pattern = '\bgive (the|a|an|it|one|two|host|paths?) '; Bad = 'Give the path of a file.'; Use = 'specify, pass' }
        @{ Pattern = '\bnamed (once|twice|more than once)\b'; Bad = 'It is named twice.'; Use = 'specified' }
        @{ Pattern = '\bto make or replace\b'; Bad = 'The file to make or replace.'; Use = 'create' }
        @{ Pattern = '\b(takes?|took|taking) (its|their|the) names?\b'; Bad = 'The file takes its name at the end.'; Use = 'is renamed, gets its name' }
        @{ Pattern = '\bthe disk (has|have|had|takes?|took)\b'; Bad = 'Until the disk has the bytes.'; Use = 'is on the disk, is flushed' }
        @{ Pattern = '\blines? up with\b'; Bad = 'They do not line up with blocks.'; Use = 'aligned' }
        @{ Pattern = '\banything (and|to|from|or) anything\b'; Bad = 'Between anything and anything.'; Use = 'any source and destination' }
        @{ Pattern = '\bas (it|they) comes?\b'; Bad = 'Copies a file as it comes.'; Use = 'its current content' }
        @{ Pattern = '\bcut(s|ting)? (off|back)\b|\bearlier cuts?\b'; Bad = 'It is cut back.'; Use = 'truncate; split' }
        @{ Pattern = '\bunder way\b'; Bad = 'Another copy is under way.'; Use = 'running' }
        @{ Pattern = '\b(went|goes?|going) away\b'; Bad = 'The reader went away.'; Use = 'closed it' }
        @{ Pattern = '\b(no|has|have|had) positions?\b'; Bad = 'A pipe has no positions.'; Use = 'not seekable' }
        @{ Pattern = '\b(below|above) zero\b'; Bad = 'The count is below zero.'; Use = 'negative' }
        @{ Pattern = '\bin the way\b|\b(not|was) touched\b'; Bad = 'It was not touched.'; Use = 'exists; changed' }
        @{ Pattern = '\bwritten into\b|\bwrites? into\b'; Bad = 'It writes into the file.'; Use = 'write to, overwrite' }
        @{ Pattern = '\bmeant literally\b|\b(is|are) wanted\b'; Bad = 'One that is wanted.'; Use = 'literal; selected, expected' }
        @{ Pattern = '\b\d{6,} bytes\b'; Bad = '458752 bytes at a time.'; Use = 'a unit: 448 KiB' }
    )

    # Hits that are right, each with its reason.
    $allowed = @(
        @{ File = 'docs/performance/large-file.md'; Text = 'everyone who requests'; Reason = 'people' }
    )

    $texts = @(foreach ($path in 'docs/en-US/*', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'Splice.psd1', 'examples/*.ps1', 'docs/performance.md', 'docs/performance/*.md') {
            (Get-ChildItem "$root/$path" -File).ForEach({ @{ File = [IO.Path]::GetRelativePath($root, $_) } })
        })

    # Messages and doc comments. The texts of Errno are those of strerror(3).
    $sources = @(Get-ChildItem "$root/src" -Recurse -File -Filter *.cs |
            Where-Object { $_.FullName -notmatch '/(obj|bin)/' -and $_.Name -ne 'Errno.cs' } |
            Group-Object { ([IO.Path]::GetRelativePath("$root/src", $_) -split '/')[0..1] -join '/' } |
            ForEach-Object { @{ Folder = $_.Name; Files = $_.Group.FullName } })

    $pages = @(foreach ($page in Get-ChildItem "$root/docs/en-US/*-*.md") {
            $text = Get-Content $page -Raw
            @{
                Page = $page.BaseName
                Synopsis = [regex]::Match($text, '(?s)## SYNOPSIS\n\n(.*?)\n\n## ').Groups[1].Value
                Description = [regex]::Match($text, '(?s)## DESCRIPTION\n\n(.*?)\n\n## ').Groups[1].Value
                Examples = @([regex]::Matches($text, '(?ms)^### Example \d+: (?<title>[^\n]+)\n\n```powershell\n.*?^```(?<text>.*?)(?=^##)'))
                Outputs = @([regex]::Matches($text, '(?m)^- `\w+[^:\n]*: (.+)$').ForEach({ $_.Groups[1].Value }))
                Parameters = @([regex]::Matches($text, '(?s)### (-\w+)\n\n(.*?)\n\n```yaml').ForEach({ @{ Name = $_.Groups[1].Value; Text = $_.Groups[2].Value } }))
            }
        })
    $parameters = @(foreach ($page in $pages) { foreach ($parameter in $page.Parameters) { @{ Page = $page.Page } + $parameter } })
}

BeforeAll {
    $script:root = [IO.Path]::GetFullPath("$PSScriptRoot/../..")

    # The prose of a file: without code blocks, quoted code and addresses; of scripts the comments, of C# the doc comments and strings.
    function Get-Prose([string] $Path) {
        $text = Get-Content $Path -Raw
        $parts = switch ([IO.Path]::GetExtension($Path)) {
            .md { [regex]::Replace($text, '(?ms)^```.*?^```', { '' }) -replace '`[^`\n]*`' -replace '\]\([^)]*\)' }
            .ps1 { [regex]::Matches($text, '<#[\s\S]*?#>|(?m)(?<=^|\s)#(?!requires).*$|"[^"\n]*"|''[^''\n]*''').Value }
            .cs { [regex]::Matches($text, '(?m)(?<=///).*$|(?<=")(?:[^"\\\n]|\\.)*(?=")').Value }
            default { $text }
        }

        $parts -join "`n"
    }

    # The hits in a text, with what is around them, but for those that are allowed.
    function Get-BannedPhrase([string] $Text, [object[]] $Banned, [object[]] $Allowed = @()) {
        # A phrase can be broken into two lines.
        $flat = $Text -replace '\s+', ' '
        foreach ($phrase in $Allowed) { $flat = $flat.Replace($phrase.Text, '') }
        foreach ($rule in $Banned) {
            foreach ($hit in [regex]::Matches($flat, $rule.Pattern, 'IgnoreCase')) {
                $start = [Math]::Max(0, $hit.Index - 30)
                "'$($hit.Value)' (use: $($rule.Use)): ...$($flat.Substring($start, [Math]::Min(70, $flat.Length - $start)))..."
            }
        }
    }
}

Describe 'The words of what users read' {
    It 'the rule <Pattern> finds what it bans' -ForEach $banned {
        @(Get-BannedPhrase $Bad @($_)) | Should -HaveCount 1
        Get-BannedPhrase 'Copies files, and returns a result object. There is no space left.' @($_) | Should -BeNullOrEmpty
    }

    It '<File>' -ForEach $texts.ForEach({ $_ + @{ Banned = $banned; Allowed = @($allowed | Where-Object File -EQ $_.File) } }) {
        $prose = Get-Prose "$root/$File"
        $prose | Should -Not -BeNullOrEmpty
        Get-BannedPhrase $prose $Banned $Allowed | Should -BeNullOrEmpty
    }

    It 'the allow-list names what exists: <File>, <Text>' -ForEach $allowed {
        (Get-Prose "$root/$File") -replace '\s+', ' ' | Should -BeLike "*$Text*"
        $Reason | Should -Not -BeNullOrEmpty
    }

    It 'src/<Folder> has none of the banned phrases' -ForEach $sources.ForEach({ $_ + @{ Banned = $banned } }) {
        $hits = foreach ($file in $Files) { Get-BannedPhrase (Get-Prose $file) $Banned }
        $hits | Should -BeNullOrEmpty
    }
}

Describe 'The length and form of the help' {
    It '<Page>: one sentence of synopsis, at most 150 words of description, captions of examples' -ForEach $pages {
        [regex]::Matches($Synopsis, '[.!?](\s|$)') | Should -HaveCount 1
        ($Description -split '\s+').Count | Should -BeLessOrEqual 150
        $Examples.Count | Should -BeGreaterOrEqual 4
        foreach ($example in $Examples) {
            $caption = $example.Groups['text'].Value.Trim()
            [regex]::Matches($caption, '[.!?](\s|$)') | Should -HaveCount 1 -Because $caption
        }

        $Outputs.Count | Should -BeGreaterThan 4
        $Outputs | Should -Not -Match '^(what|whether|how|where|which)\b'
    }

    It '<Page> <Name>: at most 50 words, none of which begin a question' -ForEach $parameters {
        ($Text -split '\s+').Count | Should -BeLessOrEqual 50
        $Text | Should -Match '^[A-Z].*\.$'
        $Text | Should -Not -Match '^(What|Whether|How|Where|Which)\b'
    }
}
